using ModelOptimizer.Embedding;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Embedding;

/// <summary>A runner that can't be registered is told with what is missing.</summary>
public sealed class ServicesCheckTests
{
    private const string Services = "Microsoft.Extensions.DependencyInjection.Abstractions";

    [TestCase(true, false, false, false, null)]
    [TestCase(true, true, true, true, null)]
    [TestCase(true, true, false, true, "doesn't reference Microsoft.ML.OnnxRuntime 1.16 or newer. Add it, or")]
    [TestCase(true, true, true, false, $"doesn't reference {Services}. Add it, or")]
    [TestCase(true, true, false, false, $"Microsoft.ML.OnnxRuntime 1.16 or newer and {Services}. Add them")]
    [TestCase(false, true, true, true, "only C# projects have accessors")]
    public void What_is_missing_is_named(bool accessor, bool wanted, bool runtime, bool services, string? message)
    {
        var found = ServicesCheck.Missing(Planned(EmbedAs.Resource, wanted), accessor, runtime, services);
        Assert.That(found?.Code, Is.EqualTo(message is null ? null : "MO8010"));
        Assert.That(found?.Message, message is null ? Is.Null : Does.Contain(message));
    }

    [Test]
    public void A_model_that_is_not_embedded_has_no_runner() =>
        Assert.That(ServicesCheck.Missing(Planned(EmbedAs.None, true), true, true, true)!.Message, Does.Contain("'as: none'"));

    private static PlannedModel Planned(EmbedAs embedAs, bool wanted) => new("m", "m.onnx", "p.yaml", [], [], "m.onnx", "m.g.cs",
        new EmbedPlan(embedAs, EmbedCompression.None, "M", "", "m.onnx", "m.onnx", "m.onnx", wanted));
}
