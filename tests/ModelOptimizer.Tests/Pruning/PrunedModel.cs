using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Pruning;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Pruning;

/// <summary>A model and its groups, some units of which are taken out, or made zero so that taking them out changes nothing.</summary>
internal sealed class PrunedModel
{
    public PrunedModel(OnnxModel model)
    {
        Model = model;
        new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()).InferTypes();
        Classes = ChannelMap.Of(model);
        (Groups, Held) = PruningGroups.Of(Classes);
    }

    public OnnxModel Model { get; }

    public ChannelClasses Classes { get; }

    public IReadOnlyList<PruningGroup> Groups { get; }

    public IReadOnlyList<(Node Node, Value Weight, string Why)> Held { get; }

    /// <summary>Every third unit of every group, beginning with the second.</summary>
    public IReadOnlySet<int> EveryThird => Groups.SelectMany(group => group.Classes.Where((_, unit) => unit % 3 == 1)).ToHashSet();

    /// <summary>Takes the classes out.</summary>
    public void Remove(IReadOnlySet<int> removed) => new Narrowing(Model, Classes, removed).Run();

    /// <summary>Makes weights and biases of the classes zero, each reader's for itself.</summary>
    public void Mask(IReadOnlySet<int> removed)
    {
        foreach (var group in Groups)
            foreach (var axis in group.Constants.Where(IsMasked))
                Mask(axis, axis.Places.Where((_, unit) => removed.Contains(group.Classes[unit])).SelectMany(places => places).ToHashSet());
    }

    /// <summary>Asserts the groups that there were, in order.</summary>
    public PrunedModel Leaves(params (PruningKind Kind, int Units)[] groups)
    {
        Assert.That(Groups.Select(group => (group.Kind, group.Units)), Is.EqualTo(groups));
        return this;
    }

    /// <summary>Asserts the shapes of the float constants that are left, in the order of their readers.</summary>
    public PrunedModel Weighs(params long[][] shapes)
    {
        var constants = GraphWalker.Nodes(Model).SelectMany(node => node.Inputs).Select(input => input?.Constant).Where(constant => constant?.ElementType == DataType.Float);
        Assert.That(constants.Select(constant => constant!.Dimensions), Is.EqualTo(shapes));
        return this;
    }

    private static bool IsMasked(PrunedAxis axis) => axis.Role != ChannelRole.Along || axis.Operand is { Reader.OpType: "Add" or "BiasGelu" }
        or { Reader.OpType: "Conv" or "Gemm" or "ConvTranspose", Slot: 2 } or { Reader.OpType: "BatchNormalization", Slot: 1 or 2 };

    private static void Mask(PrunedAxis axis, HashSet<int> places)
    {
        var (reader, slot) = (axis.Operand.Reader!, axis.Operand.Slot);
        var tensor = reader.Input(slot)!.Constant!;
        var elements = tensor.AsSpan<float>().ToArray();
        var inner = tensor.Dimensions.Skip(axis.Range.Axis + 1).Aggregate(1L, (product, length) => product * length);
        for (var i = 0; i < elements.Length; i++)
            if (places.Contains((int)(i / inner % axis.Range.Count)))
                elements[i] = 0;
        reader.SetInput(slot, reader.Graph!.AddConstant(axis.Operand.Value.Name, Tensor.Create(tensor.Dimensions.AsSpan(), elements)));
    }
}
