using ModelOptimizer.Diagnosis;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Precision.Mixed;

namespace ModelOptimizer.Tests.Diagnosis;

public sealed class ValueTracerTests
{
    private static readonly PassSettings Lossy = Settings(new QuantizeDynamicOptions { Prefer = Preference.Size });

    [Test]
    public void Noise_shows_from_the_value_on_at_which_it_comes_in()
    {
        var original = Named(PlantedModel.Chain(6, [3]));
        var candidate = original.Clone();
        PassContexts.Run(candidate, new QuantizeDynamic(new QuantizeDynamicOptions { Prefer = Preference.Size }));

        var trace = Trace(original, candidate)!;

        Assert.That((trace.Samples, trace.Values, trace.Compared.Count), Is.EqualTo((1, 12, 12)));
        Assert.That(trace.Compared.Select(value => value.Node).Where(node => node.StartsWith("MatMul", StringComparison.Ordinal)),
            Is.EqualTo(Enumerable.Range(0, 6).Select(i => $"MatMul 'product{i}'")), "in order of execution");
        var products = trace.Compared.Where(value => value.Node.StartsWith("MatMul", StringComparison.Ordinal)).Select(value => value.Sqnr).ToList();
        Assert.That(products[..3], Is.All.GreaterThan(25));
        Assert.That(products[3], Is.LessThan(10));
    }

    [Test]
    public void Equal_models_have_no_noise_anywhere()
    {
        var model = PlantedModel.Chain(3, []);

        var noise = Trace(model, model.Clone())!.Compared.Select(value => value.Sqnr).ToList();

        Assert.That(noise, Is.Not.Empty);
        Assert.That(noise, Is.All.EqualTo(double.PositiveInfinity));
    }

    /// <summary>Ten values of 192 bytes, each held of the original and of the candidate.</summary>
    [TestCase(ValueTracer.Ceiling, 1)]
    [TestCase(5 * 2 * PlantedModel.Width * sizeof(float), 2)]
    [TestCase(1, 10)]
    public void One_model_is_open_at_a_time_and_shows_only_what_memory_holds(long limit, int slices)
    {
        var model = Named(PlantedModel.Chain(5, []));
        var engine = new CountingEngine(PassContexts.Engine);

        var trace = Trace(model, model.Clone(), limit: limit, engine: engine)!;

        Assert.That(trace.Compared, Has.Count.EqualTo(10));
        Assert.That((engine.Opened, engine.MostOpen), Is.EqualTo((2 * slices, 1)));
    }

    [Test]
    public void Nothing_is_traced_unless_data_is_named_and_precision_given_up_or_the_profile_says_so()
    {
        var (data, exact) = (new EvaluateSettings { Data = ["data.npz"] }, new PassSettings("eliminate-identity", null, new SourceLocation("p.yaml")));

        Assert.Multiple(() =>
        {
            Assert.That(ValueTracer.IsWanted(new() { Evaluate = data, Passes = [exact, Lossy] }), Is.True);
            Assert.That(ValueTracer.IsWanted(new() { Evaluate = data, Passes = [exact] }), Is.False);
            Assert.That(ValueTracer.IsWanted(new() { Evaluate = data with { Trace = true }, Passes = [exact] }), Is.True);
            Assert.That(ValueTracer.IsWanted(new() { Evaluate = data with { Trace = false }, Passes = [Lossy] }), Is.False);
            Assert.That(ValueTracer.IsWanted(new() { Evaluate = new() { Trace = true }, Passes = [Lossy] }), Is.False);
            Assert.That(ValueTracer.IsWanted(new() { Passes = [Lossy] }), Is.False);
        });
    }

    [Test]
    public void A_model_that_does_not_run_with_its_values_shown_is_told_of_and_fails_nothing()
    {
        var model = PlantedModel.Chain(2, []);
        var diagnostics = new DiagnosticBag();

        Assert.That(Trace(model, model.Clone(), engine: new CountingEngine(PassContexts.Engine) { Refuses = true }, diagnostics: diagnostics), Is.Null);
        Assert.That(diagnostics.Diagnostics.Single().Descriptor, Is.EqualTo(DiagnosticCatalog.NotTraced));
        Assert.That(diagnostics.Diagnostics.Single().Message, Does.EndWith("can't load : refused").Or.EndWith("refused"));
    }

    private static TraceReport? Trace(OnnxModel original, OnnxModel candidate, long limit = ValueTracer.Ceiling, IInferenceEngine? engine = null,
        DiagnosticBag? diagnostics = null)
    {
        using var folder = new DataFolder();
        var profile = new OptimizationProfile { Evaluate = new() { Data = [PlantedModel.WriteData(folder)] }, Passes = [Lossy] };
        return new ValueTracer(engine ?? PassContexts.Engine, diagnostics ?? new DiagnosticBag()) { Limit = limit }.Trace(original, candidate, profile, default);
    }

    /// <summary>Values that nodes without names make have none either, and are found by place alone.</summary>
    private static OnnxModel Named(OnnxModel model)
    {
        foreach (var (i, value) in model.Graph.MadeValues.Index().Where(pair => pair.Item.Name.Length == 0))
            value.Name = $"value{i}";
        return model;
    }

    private static PassSettings Settings(QuantizeDynamicOptions options) => new("quantize-dynamic", options, new SourceLocation("p.yaml", 3, 5));
}
