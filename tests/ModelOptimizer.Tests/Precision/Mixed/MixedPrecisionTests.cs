using System.Text.Json;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Gauging;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Mixed;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Precision.Mixed;

public sealed class MixedPrecisionTests
{
    private static readonly SourceLocation Line = new("model-opt.yaml", 4, 24);

    [Test]
    public void Just_the_layer_that_breaks_the_goal_stays_float()
    {
        var (report, diagnostics) = Optimize(PlantedModel.Chain(6, [3]), Sqnr(25));
        var mixed = report.MixedPrecision!.Single();

        Assert.That(mixed.Reverted, Is.EqualTo(new[] { "w3" }));
        Assert.That((mixed.Reached, mixed.Candidates), Is.EqualTo((true, 6)));
        Assert.That(mixed.Quantized, Is.LessThan(5), "dB with the layer, ");
        Assert.That(mixed.Result, Is.GreaterThan(25), "dB without it");
        Assert.That(mixed.Ranking[0], Has.Property("Candidate").EqualTo("w3").And.Property("Reverted").True.And.Property("Sqnr").LessThan(5));
        Assert.That(mixed.Ranking.Select(candidate => candidate.Sqnr), Is.Ordered);
        Assert.That(report.Weights.Where(weight => weight.Refusal is not null).Select(weight => (weight.Weight, weight.Refusal![..34])),
            Is.EqualTo(new[] { ("w3", "it stays as it is for sqnr: quanti") }));
        Assert.That(report.Metrics.Single(metric => metric.Metric == "sqnr").Result, Is.EqualTo(mixed.Result).Within(0.5), "the search measures what evaluation does");
        Assert.That(report.Accepted && diagnostics.All(d => d.Severity != Severity.Error));
    }

    [Test]
    public void A_goal_that_holds_at_once_costs_no_search()
    {
        var mixed = Optimize(PlantedModel.Chain(3, []), Sqnr(25)).Report.MixedPrecision!.Single();

        Assert.That((mixed.Reached, mixed.Candidates, mixed.Reverted.Count, mixed.Ranking.Count, mixed.Curve.Count), Is.EqualTo((true, 3, 0, 0, 1)));
    }

    [Test]
    public void The_curve_leads_from_everything_to_nothing_quantized()
    {
        var curve = Optimize(PlantedModel.Chain(6, [2, 4]), Sqnr(25)).Report.MixedPrecision!.Single().Curve;

        Assert.That(curve.Select(point => point.Reverted), Is.EqualTo(new[] { 0, 1, 2, 4, 6 }));
        Assert.That(curve.Select(point => point.Holds), Is.EqualTo(new[] { false, false, true, true, true }));
        Assert.That(curve[^1].Value, Is.EqualTo(double.PositiveInfinity));
    }

    [Test]
    public void A_layer_is_told_by_what_it_is_and_not_by_its_name()
    {
        var model = PlantedModel.Chain(5, [2], named: false);
        var context = new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag());
        using var folder = new DataFolder();
        var keeper = Keeper(model, folder);
        var third = GraphWalker.Nodes(model).Where(node => node.OpType == "MatMul").ElementAt(2);
        var weight = third.Input(1);

        PassRunner.Run(context, keeper.Restrict(context, Settings(Sqnr(25)), Sqnr(25)));

        Assert.That(third.Input(1), Is.SameAs(weight), "the planted one reads its float weight still");
        Assert.That(context.Log.Weights.Count(decision => decision.Form is not null), Is.EqualTo(4));
    }

    [Test]
    public void Readers_of_one_weight_move_together()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, PlantedModel.Width);
        var hidden = g.Op("Tanh", PlantedModel.Product(g, x, g.Initializer("w0", PlantedModel.Weight(0, [1])), "first"));
        var shared = g.Initializer("w1", PlantedModel.Weight(1, [1]));
        g.Output("y", g.Op("Add", PlantedModel.Product(g, hidden, shared, "left"), PlantedModel.Product(g, g.Op("Neg", g.Op("Sin", hidden)), shared, "right")));

        var mixed = Optimize(g.Build(), new QuantizeDynamicOptions { Prefer = Preference.Size, Accuracy = Sqnr(25).Accuracy }).Report.MixedPrecision!.Single();

        Assert.That(mixed.Candidates, Is.EqualTo(2));
        Assert.That(mixed.Reverted, Is.EqualTo(new[] { "w1" }));
        Assert.That(mixed.Ranking[0].Nodes, Is.EqualTo(new[] { "MatMul 'left'", "MatMul 'right'" }));
    }

    [Test]
    public void A_calibrated_pass_is_held_to_its_goal_too()
    {
        var options = new QuantizeStaticOptions { Prefer = Preference.Size, Accuracy = Sqnr(20).Accuracy };

        var report = Optimize(PlantedModel.Chain(5, [3]), options).Report;

        Assert.That(report.MixedPrecision!.Single().Reverted, Is.EqualTo(new[] { "w3" }));
        Assert.That(report.Refusals.Where(refusal => refusal.Pass == "quantize-static").Select(refusal => (refusal.Where, refusal.Why[..28])),
            Is.EqualTo(new[] { ("MatMul 'product3'", "it stays as it is for sqnr: ") }));
    }

    [Test]
    public void Operands_that_are_no_weights_do_not_bind_their_readers()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, PlantedModel.Width);
        var turned = g.Op("Transpose", [g.Op("Tanh", x)], ("perm", new long[] { 1, 0 }));
        g.Output("y", g.Op("Add", PlantedModel.Product(g, g.Op("Sin", x), turned, "left"), PlantedModel.Product(g, g.Op("Neg", g.Op("Sin", x)), turned, "right")));
        var model = g.Build();
        using var folder = new DataFolder();
        var calibration = new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = [PlantedModel.WriteData(folder)] });
        var context = new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()) { Calibration = calibration };

        var (_, candidates) = new Trials(context, "quantize-static", new QuantizeStaticOptions { Prefer = Preference.Size }).TakeAll();

        Assert.That(candidates.Select(candidate => candidate.Name), Is.EqualTo(new[] { "left", "right" }));
    }

    [Test]
    public void Trials_share_the_ranges_that_one_of_them_measured()
    {
        var model = PlantedModel.Chain(3, []);
        var (ranges, asked) = (new SharedRanges(), new List<string>());
        foreach (var (wanted, bits) in new[] { (2, 8), (3, 8), (3, 16) })
        {
            var copy = new ModelCopy(model);
            var values = copy.Model.Graph.Nodes.Select(node => node.Output()).Take(wanted).ToList();
            var found = ranges.Of(copy).Recall(values, new RangeOptions { Bits = bits }, unknown =>
            {
                asked.Add($"{unknown.Count} of {bits}");
                return unknown.Skip(1).ToDictionary(value => value, _ => new ValueRange(-bits, bits));
            });
            Assert.That(found.Keys, Is.SubsetOf(values));
            Assert.That(found.Values, Is.All.EqualTo(new ValueRange(-bits, bits)));
        }

        Assert.That(asked, Is.EqualTo(new[] { "2 of 8", "1 of 8", "3 of 16" }));
    }

    [Test]
    public void Of_equals_the_first_in_the_model_goes_first()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, PlantedModel.Width);
        var first = PlantedModel.Product(g, x, g.Initializer("a", PlantedModel.Weight(1, [])), "one");
        g.Output("y", g.Op("Add", first, PlantedModel.Product(g, x, g.Initializer("b", PlantedModel.Weight(1, [])), "two")));

        // Either alone is too much of a goal that one may break.
        var mixed = Optimize(g.Build(), Sqnr(46)).Report.MixedPrecision!.Single();

        Assert.That(mixed.Ranking.Select(candidate => candidate.Candidate), Is.EqualTo(new[] { "a", "b" }));
        Assert.That(mixed.Ranking[0].Sqnr, Is.EqualTo(mixed.Ranking[1].Sqnr));
    }

    [Test]
    public void Equal_inputs_give_equal_reports()
    {
        var runs = Enumerable.Range(0, 2).Select(_ => Optimize(PlantedModel.Chain(7, [2, 5]), Sqnr(30)).Report).ToList();

        Assert.That(ReportWriter.ToJson(runs[1]), Is.EqualTo(ReportWriter.ToJson(runs[0])));
    }

    [Test]
    public void The_report_says_it_under_these_keys()
    {
        var report = Optimize(PlantedModel.Chain(3, [1]), Sqnr(25)).Report;
        using var json = JsonDocument.Parse(ReportWriter.ToJson(report));
        var mixed = json.RootElement.GetProperty("mixedPrecision")[0];

        Assert.That(Keys(mixed), Is.EqualTo(new[] { "pass", "metric", "goal", "reached", "quantized", "result", "samples", "partSamples", "candidates", "reverted", "ranking", "curve" }));
        Assert.That(mixed.GetProperty("goal").GetString(), Is.EqualTo("at least 25.0 dB"));
        Assert.That(Keys(mixed.GetProperty("ranking")[0]), Is.EqualTo(new[] { "rank", "candidate", "nodes", "sqnr", "samples", "reverted" }));
        Assert.That(Keys(mixed.GetProperty("curve")[0]), Is.EqualTo(new[] { "reverted", "value", "holds", "samples" }));

        static IEnumerable<string> Keys(JsonElement element) => element.EnumerateObject().Select(property => property.Name);
    }

    [TestCase(Severity.Error, false)]
    [TestCase(Severity.Warning, true)]
    public void A_goal_out_of_reach_is_told_with_the_best_there_is(Severity severity, bool accepted)
    {
        var labels = Enumerable.Range(0, 64).Select(i => (long)(i % PlantedModel.Width)).ToArray();
        var goal = new AccuracyGoal(new BudgetLimit("top-1", Line) { Min = 0.99, Severity = severity }) { Location = Line };
        var (report, diagnostics) = Optimize(PlantedModel.Chain(3, [1]), new QuantizeWeightsOptions { Accuracy = goal }, ("labels", DataFolder.Longs("(64,)", labels)));

        var told = diagnostics.Single(d => d.Descriptor == DiagnosticCatalog.AccuracyGoalMissed);
        Assert.That((told.Severity, told.Location), Is.EqualTo((severity, (SourceLocation?)Line)));
        Assert.That(told.Message, Does.Contain("even with nothing taken by quantize-weights").And.Contain("but at least 99% is allowed. The original itself has"));
        Assert.That(report.Accepted, Is.EqualTo(accepted));
        Assert.That(report.Weights.All(weight => weight.Refusal is not null));
        Assert.That(report.MixedPrecision!.Single(), Has.Property("Reached").False.And.Property("Reverted").Count.EqualTo(3));
    }

    [TestCase("sqnr", false, "there is no data; add 'evaluate: { data: FILE.npz }'")]
    [TestCase("top-1", true, "the data has no labels that fit an output")]
    public void A_goal_without_data_is_an_error_at_its_line(string metric, bool hasData, string why)
    {
        var model = PlantedModel.Chain(3, [1]);
        var goal = new AccuracyGoal(new BudgetLimit(metric, Line) { Min = 0.9 }) { Location = Line };
        var context = new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag());
        using var folder = new DataFolder();
        var keeper = hasData ? Keeper(model, folder) : new GoalKeeper(model, null, null, default);
        var options = new QuantizeWeightsOptions { Accuracy = goal };

        var mistake = Assert.Throws<DiagnosticException>(() => keeper.Restrict(context, Settings(options), options))!.Diagnostics.Single();

        Assert.That((mistake.Descriptor, mistake.Location), Is.EqualTo((DiagnosticCatalog.AccuracyGoalUnmeasured, (SourceLocation?)Line)));
        Assert.That(mistake.Message, Does.Contain(why));
    }

    [Test]
    public void Of_things_done_at_once_a_failure_comes_out_as_it_is() =>
        Assert.That(() => SideBySide.For(4, i => throw new InvalidDataException($"{i}")), Throws.TypeOf<InvalidDataException>());

    [Test]
    public void A_model_that_fails_on_the_data_is_told_as_always()
    {
        // The second sample looks up a row far beyond the last.
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, PlantedModel.Width);
        var index = g.Op("Cast", [g.Op("Mul", g.Op("Floor", g.Op("ReduceMax", x)), g.Initializer("far", [], 1000))], ("to", (long)DataType.Int64));
        var product = PlantedModel.Product(g, x, g.Initializer("w", PlantedModel.Weight(0, [])), "product");
        g.Output("y", g.Op("Gather", product, g.Op("Abs", index)));
        var data = ("x", DataFolder.Floats($"(2, {PlantedModel.Width})", [.. Enumerable.Repeat(0.5f, PlantedModel.Width), .. Enumerable.Repeat(2f, PlantedModel.Width)]));

        var mistake = Assert.Throws<DiagnosticException>(() => Optimize(g.Build(), Sqnr(20), [data]))!;

        Assert.That(mistake.Diagnostics.Single().Descriptor, Is.EqualTo(DiagnosticCatalog.RunFailed));
    }

    [Test]
    public void A_model_that_stays_mostly_float_is_worth_a_warning()
    {
        var (report, diagnostics) = Optimize(PlantedModel.Chain(4, [1, 3]), Sqnr(60));

        Assert.That(diagnostics.Count(d => d.Descriptor == DiagnosticCatalog.MostlyReverted), Is.EqualTo(1));
        Assert.That(report.MixedPrecision!.Single().Result, Is.GreaterThanOrEqualTo(60));
    }

    [Test]
    public void The_profile_still_decides_first()
    {
        var options = Sqnr(25) with { Exclude = ["w0"] };

        var mixed = Optimize(PlantedModel.Chain(4, [2]), options).Report.MixedPrecision!.Single();

        Assert.That(mixed.Ranking.Select(candidate => candidate.Candidate), Is.EquivalentTo(new[] { "w1", "w2", "w3" }));
    }

    private static QuantizeWeightsOptions Sqnr(double decibels) =>
        new() { Accuracy = new AccuracyGoal(new BudgetLimit("sqnr", Line) { Min = decibels }) { Location = Line } };

    private static PassSettings Settings(QuantizationOptions options) =>
        new(PassRegistry.All.Single(pass => pass.OptionsType == options.GetType()).Name, options, Line);

    private static GoalKeeper Keeper(OnnxModel original, DataFolder folder) => new(original, new EvaluateSettings { Data = [PlantedModel.WriteData(folder)] }, null, default);

    private static (OptimizationReport Report, IReadOnlyList<Diagnostic> Diagnostics) Optimize(OnnxModel model, QuantizationOptions options, params (string Array, byte[] Npy)[] more)
    {
        var arrays = more.Any(array => array.Array == "x") ? more : [("x", PlantedModel.Rows(64)), .. more];
        using var folder = new DataFolder();
        ModelWriter.Save(model, folder["model.onnx"]);
        var data = folder.WriteNpz("data.npz", arrays);
        var profile = new OptimizationProfile { Passes = [Settings(options)], Evaluate = new EvaluateSettings { Data = [data], Location = Line }, Calibration = new CalibrationSettings { Data = [data] } };
        var diagnostics = new DiagnosticBag();
        var result = new Optimizer(PassContexts.Engine, diagnostics).Run(new OptimizationRequest(folder["model.onnx"], profile, folder["out/model.onnx"]));
        return (result.Report, diagnostics.Diagnostics);
    }
}
