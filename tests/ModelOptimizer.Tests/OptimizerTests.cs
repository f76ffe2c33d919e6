using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests;

/// <summary>What only shows over several passes, and what is left behind when something fails.</summary>
public sealed class OptimizerTests
{
    private static readonly SourceLocation Line = new("model-opt.yaml", 4, 5);

    [Test]
    public void The_limit_of_rewrites_is_told_once_however_many_passes_it_cuts_short()
    {
        var (_, diagnostics) = Optimize(maxRewrites: 1, new QuantizeDynamicOptions { Prefer = Preference.Size }, new QuantizeWeightsOptions(), new ConvertFloat16Options());

        Assert.That(diagnostics.Count(d => d.Descriptor == DiagnosticCatalog.RewriteLimit), Is.EqualTo(1));
    }

    [Test]
    public void A_pass_named_twice_answers_for_each_run_alone()
    {
        var first = new QuantizeWeightsOptions { Include = ["w1"] };
        var (report, diagnostics) = Optimize(int.MaxValue, first, new QuantizeWeightsOptions { Exclude = ["w2"] });

        Assert.That(report.Passes.Select(run => (run.Rewrites, run.Refusals)), Is.EqualTo(new[] { (1, 1), (0, 1) }));
        Assert.That(diagnostics.Single(d => d.Descriptor == DiagnosticCatalog.NothingToDo).Message,
            Does.StartWith("quantize-weights compressed nothing: 1 × exclude has 'w2'. "));
    }

    /// <summary>There are weights of its kind: the nodes that read them say why they stay.</summary>
    [Test]
    public void A_pass_that_decides_on_nodes_tells_their_reasons()
    {
        var (_, diagnostics) = Optimize(int.MaxValue, new QuantizeStaticOptions { Exclude = ["w?"] });

        Assert.That(diagnostics.Single(d => d.Descriptor == DiagnosticCatalog.NothingToDo).Message,
            Does.StartWith("quantize-static compressed nothing: 2 × exclude has 'w?'. "));
    }

    [TestCase("w?", 1)]
    [TestCase("w1", 0)]
    public void A_preset_is_blamed_only_when_all_of_its_passes_find_nothing(string exclude, int blamed)
    {
        var (_, diagnostics) = Run(int.MaxValue,
            Settings(new QuantizeDynamicOptions { Prefer = Preference.Size, Exclude = ["w?"] }) with { IsPreset = true },
            Settings(new QuantizeWeightsOptions { Exclude = [exclude] }) with { IsPreset = true });

        var told = diagnostics.Where(d => d.Descriptor == DiagnosticCatalog.NothingToDo).Select(d => d.Message).ToList();
        Assert.That(told, Has.Count.EqualTo(blamed));
        Assert.That(told, Is.All.StartsWith("The preset compressed nothing: 4 × exclude has 'w?'. "));
    }

    [Test]
    public void Data_that_is_missing_is_told_where_the_profile_names_it()
    {
        using var folder = new DataFolder();
        var model = folder["model.onnx"];
        ModelWriter.Save(TwoProducts(), model);
        var profile = new OptimizationProfile { Evaluate = new EvaluateSettings { Data = [folder["gone.npz"]], Location = Line } };

        var mistake = Assert.Throws<DiagnosticException>(
            () => new Optimizer(new OnnxRuntimeEngine(), new DiagnosticBag()).Run(new OptimizationRequest(model, profile, folder["out/model.onnx"])))!;

        Assert.That(mistake.Diagnostics.Select(d => (d.Code, d.Location)), Is.EqualTo(new[] { ("MO5002", Line) }));
    }

    [TestCase("x", "(3, 96)", "MO4003")]
    [TestCase("z", "(3, 96)", "MO5004")]
    [TestCase("x", "(96, 3)", "MO5004")]
    public void Calibration_data_must_fit_the_model_though_nothing_learns_from_it_yet(string array, string shape, string code)
    {
        using var folder = new DataFolder();
        var model = folder["model.onnx"];
        ModelWriter.Save(TwoProducts(), model);
        var data = folder.WriteNpz("calibration.npz", (array, DataFolder.Floats(shape, new float[3 * 96])), ("other", DataFolder.Floats("(1,)", 0f)));
        var profile = new OptimizationProfile { Calibration = new CalibrationSettings { Data = [data], Location = Line } };
        var diagnostics = new DiagnosticBag();

        try
        {
            new Optimizer(PassContexts.Engine, diagnostics).Run(new OptimizationRequest(model, profile, folder["out/model.onnx"]));
        }
        catch (DiagnosticException mistake)
        {
            mistake.Diagnostics.ToList().ForEach(diagnostics.Report);
        }

        Assert.That(diagnostics.Diagnostics.Select(d => d.Code).Where(c => c != "MO5001").Distinct(), Is.EqualTo(new[] { code }));
    }

    [Test]
    public void A_candidate_that_can_not_be_written_leaves_nothing_behind()
    {
        using var folder = new DataFolder();
        var output = new OutputFiles(folder[new string('a', 250) + ".onnx"]);

        Assert.That(() => StagedModel.Write(TwoProducts(), output), Throws.TypeOf<InvalidModelException>());
        Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.Empty);
    }

    [Test]
    public void What_a_killed_run_left_is_taken_away_and_what_a_living_one_holds_stays()
    {
        using var folder = new DataFolder();
        var output = new OutputFiles(folder["m.onnx"]);
        var (dead, living) = (AbandonedRuns.NewFolder(output.Model), AbandonedRuns.NewFolder(output.Model));
        AbandonedRuns.TryHold(dead)!.Dispose();
        using var hold = AbandonedRuns.TryHold(living);
        StagedModel.Write(TwoProducts(), output).Dispose();
        Assert.That(Directory.GetDirectories(folder.Path), Is.EqualTo(new[] { living }));
    }

    [Test]
    public void Data_that_a_larger_result_had_goes_with_it()
    {
        using var folder = new DataFolder();
        var output = new OutputFiles(folder["m.onnx"]);
        File.WriteAllText(output.Data, "old");
        using var staged = StagedModel.Write(TwoProducts(), output);
        staged.Settle(accepted: true);
        Assert.That(Directory.GetFiles(folder.Path), Is.EqualTo(new[] { output.Model }));
    }

    /// <summary>What was an attribute in opset 11 is a constant in 13, which takes more bytes.</summary>
    [Test]
    public void A_pass_below_a_size_budget_that_makes_the_model_larger_breaks_it()
    {
        using var folder = new DataFolder();
        var g = new GraphBuilder(opset: 11);
        var product = g.Op("MatMul", g.Input("x", DataType.Float, 1, 3, 96), g.Weight("w", Tensor.Create([96, 40], Weights.Random(96 * 40))));
        g.Output("y", g.Op("Squeeze", [product], ("axes", new long[] { 0 })));
        ModelWriter.Save(g.Build(), folder["model.onnx"]);
        var upgrade = new PassSettings("upgrade-opset", new UpgradeOpsetOptions { Version = 13 }, Line);

        Run(1 << 20);
        var whole = new FileInfo(folder["out/model.onnx"]).Length;
        var (kept, none) = Run(whole);
        var (broken, diagnostics) = Run(whole, upgrade);

        Assert.That((kept.Accepted, broken.Accepted), Is.EqualTo((true, false)));
        Assert.That(none.Where(d => d.Descriptor == DiagnosticCatalog.SizeBudgetMissed), Is.Empty);
        var missed = diagnostics.Single(d => d.Descriptor == DiagnosticCatalog.SizeBudgetMissed);
        Assert.That(missed.Message, Does.EndWith("passes below it made the model larger. Put it last"));
        Assert.That(missed.Location, Is.EqualTo(Line));

        (OptimizationReport, IReadOnlyList<Diagnostic>) Run(long bytes, params PassSettings[] below)
        {
            var options = new QuantizeWeightsOptions { Budget = new ByteSize(bytes), Location = Line };
            var (profile, bag) = (new OptimizationProfile { Passes = [Settings(options), .. below] }, new DiagnosticBag());
            var request = new OptimizationRequest(folder["model.onnx"], profile, folder["out/model.onnx"]);
            return (new Optimizer(PassContexts.Engine, bag).Run(request).Report, bag.Diagnostics);
        }
    }

    private static (OptimizationReport Report, IReadOnlyList<Diagnostic> Diagnostics) Optimize(int maxRewrites, params SelectionOptions[] passes) =>
        Run(maxRewrites, [.. passes.Select(Settings)]);

    private static (OptimizationReport Report, IReadOnlyList<Diagnostic> Diagnostics) Run(int maxRewrites, params PassSettings[] passes)
    {
        using var folder = new DataFolder();
        ModelWriter.Save(TwoProducts(), folder["model.onnx"]);
        var profile = new OptimizationProfile { Passes = passes };
        var bag = new DiagnosticBag();
        var request = new OptimizationRequest(folder["model.onnx"], profile, folder["out/model.onnx"]) { MaxRewrites = maxRewrites };
        return (new Optimizer(PassContexts.Engine, bag).Run(request).Report, bag.Diagnostics);
    }

    private static PassSettings Settings(SelectionOptions options) => new(PassOf(options), options, Line);

    private static string PassOf(SelectionOptions options) => PassRegistry.All.Single(pass => pass.OptionsType == options.GetType()).Name;

    private static OnnxModel TwoProducts()
    {
        var g = new GraphBuilder();
        var first = g.Op("MatMul", g.Input("x", DataType.Float, 3, 96), g.Weight("w1", Tensor.Create([96, 40], Weights.Random(96 * 40))));
        g.Output("y", g.Op("MatMul", first, g.Weight("w2", Tensor.Create([40, 96], Weights.Random(40 * 96)))));
        return g.Build();
    }
}
