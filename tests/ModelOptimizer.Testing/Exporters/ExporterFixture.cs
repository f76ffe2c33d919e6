using ModelOptimizer.Onnx;

namespace ModelOptimizer.Testing.Exporters;

/// <summary>A small model as an exporter writes it.</summary>
/// <param name="Exporter">Whose way of writing it is.</param>
/// <param name="Pattern">What it computes, in words.</param>
/// <param name="Model">The model.</param>
/// <param name="Standard">The operators that <c>simplify</c> and <c>fuse</c> leave, in order.</param>
/// <param name="Contrib">The same with <c>format: contrib</c>.</param>
public sealed record ExporterFixture(Exporter Exporter, string Pattern, OnnxModel Model, string[] Standard, string[] Contrib)
{
    public override string ToString() => $"{Pattern} by {Exporter} at opset {Model.Opset}";
}

/// <summary>All fixtures.</summary>
public static class ExporterFixtures
{
    public static IEnumerable<ExporterFixture> All =>
        [.. LayerNormFixtures.All, .. RmsNormFixtures.All, .. GeluFixtures.All, .. ActivationFixtures.All, .. ConvBatchNormFixtures.All];
}
