using ModelOptimizer.Passes;

namespace ModelOptimizer.Conformance.Tests;

/// <summary>Passes in the ways that profiles use them.</summary>
/// <param name="Name">As a profile would say it.</param>
/// <param name="Passes">In order.</param>
internal sealed record Pipeline(string Name, params IReadOnlyList<IGraphPass> Passes)
{
    public NumericEffect Effect => Passes.Max(pass => pass.Effect);

    public override string ToString() => Name;
}

internal static class Pipelines
{
    private static readonly FuseOptions Contrib = new() { Format = FusionFormat.Contrib };

    private static readonly string[] LeftOut =
    [
        "fix-dimensions", // does nothing unless told what
        "ort-optimize", // the runtime's own work, whose faults take the process with them
    ];

    /// <summary>The presets without loss, alone and together.</summary>
    public static IReadOnlyList<Pipeline> Whole { get; } =
    [
        new("simplify", new Simplify(new SimplifyOptions())),
        new("fuse", new Fuse(new FuseOptions())),
        new("simplify, fuse", new Simplify(new SimplifyOptions()), new Fuse(new FuseOptions())),
        new("simplify, fuse: { format: contrib }", new Simplify(new SimplifyOptions()), new Fuse(Contrib)),
    ];

    /// <summary>Every pass that keeps the numbers and needs nothing said, by itself; those that fuse in both formats.</summary>
    public static IReadOnlyList<Pipeline> EachPass { get; } = [.. PassRegistry.All.Where(pass => !LeftOut.Contains(pass.Name)).SelectMany(Forms).Where(IsSingle)];

    private static bool IsSingle(Pipeline pipeline) => pipeline.Passes is [not FixpointGroup] && pipeline.Effect != NumericEffect.Lossy;

    private static IEnumerable<Pipeline> Forms(PassDescriptor pass)
    {
        yield return new(pass.Name, PassRegistry.Create(pass.Name));
        if (pass.OptionsType == typeof(FuseOptions))
            yield return new($"{pass.Name}: {{ format: contrib }}", PassRegistry.Create(pass.Name, Contrib));
    }
}
