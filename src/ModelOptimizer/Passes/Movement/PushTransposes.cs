using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Pushes Transposes through nodes that commute with them, until they cancel each other or fewer are left behind the nodes than were before.
/// Where none is saved, nothing moves.
/// <code>
/// Transpose(Relu(Transpose(x, p)), p⁻¹)      =>  Relu(x)
/// Add(Transpose(x, p), Transpose(y, p))      =>  Transpose(Add(x, y), p)
/// </code>
/// </summary>
[Description("Pushes Transposes through nodes that commute with them where fewer are left then.")]
public sealed class PushTransposes : GraphPass
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override void Run(Graph graph, PassContext context)
    {
        // Regions that share a Transpose wait for each other.
        while (!context.IsDone && TransposePlan.Regions(graph, context.Opset(graph)) is { Count: > 0 } regions)
            PassThrough(regions, context);
    }

    private static void PassThrough(IReadOnlyList<TransposeRegion> regions, PassContext context)
    {
        var touched = new HashSet<Node>();
        foreach (var region in regions)
            if (!region.Transposes.Any(touched.Contains) && context.Rewriting($"push through, which saves {region.Saved} Transposes", region.First))
            {
                touched.UnionWith(region.Transposes);
                region.PassThrough(context.Opset(region.First.Graph!));
            }
    }
}
