using ModelOptimizer.Passes;

namespace ModelOptimizer.Conformance.Tests;

/// <summary>The ways in which profiles use the passes without loss.</summary>
internal static class Pipelines
{
    public static IReadOnlyList<(string Name, IReadOnlyList<IGraphPass> Passes)> All { get; } =
    [
        ("simplify", [new Simplify(new SimplifyOptions())]),
    ];
}
