using System.Collections.Frozen;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What the passes share that fold a node into the weights beside it: they differ only in the operators.</summary>
public abstract class FuseIntoWeights : GraphPass
{
    /// <summary>Readers of one weight that are looked at, so that a weight of thousands costs no more than one of few.</summary>
    private const int MaxSharers = 16;

    private readonly FoldSearch _search;

    /// <summary>What a convolution puts out has the axes and channels of its weight; anything else has to be inferred.</summary>
    private readonly bool _needsTypes;

    private protected FuseIntoWeights(string[] folded, string[] into, FoldSide side)
    {
        _search = new FoldSearch(folded.ToFrozenSet(), into.ToFrozenSet(), side);
        _needsTypes = side == FoldSide.Input || into.Contains("MatMul");
    }

    public override NumericEffect Effect => NumericEffect.Reassociates;

    protected override void Prepare(PassContext context)
    {
        if (_needsTypes)
            context.InferTypes();
    }

    protected override void Run(Graph graph, PassContext context)
    {
        var released = new List<Value>();
        foreach (var node in graph.Nodes)
        {
            if (context.IsDone)
                break;
            if (_search.IsCandidate(node) && Attempt(node, context, released) is { Refusal: { } why })
                context.Refuse(node, why);
        }
        ConstantValues.RemoveUnused(released);
    }

    private Outcome Attempt(Node node, PassContext context, List<Value> released)
    {
        var attempt = _search.Find(node, context.Opset(node.Graph!));
        if (attempt.Fold is not { } fold)
            return new Outcome(attempt.Refusal);
        if (Sharers(fold, context) is not { } folds)
            return Outcome.Refused($"its weight '{fold.Into.Weight}' has other readers, so that a second copy would be stored");
        var weight = fold.ChangesWeight ? fold.Weight() : fold.Into.Content;
        var biases = folds.ConvertAll(each => each.ChangesBias ? each.Bias() : default);
        if (biases.Prepend(weight).FirstOrDefault(tensor => tensor.Refusal is not null) is { Refusal: { } why })
            return Outcome.Refused(why);
        if (!context.Rewriting($"fold {node.OpType} into {fold.Into.Node.OpType}", node))
            return Outcome.Done;
        released.AddRange(folds.SelectMany(each => each.Constants));
        Apply(folds, weight.Tensor!, biases);
        return Outcome.Done;
    }

    private static void Apply(List<WeightFold> folds, Tensor weight, List<RoundedTensor> biases)
    {
        var old = folds[0].Into.Weight;
        var value = folds[0].ChangesWeight ? old.Graph.AddConstant(old.Name, weight) : old;
        for (var i = 0; i < folds.Count; i++)
            folds[i].Apply(value, biases[i].Tensor is { } bias ? old.Graph.AddConstant($"{old.Name}_bias", bias) : null);
    }

    /// <summary>
    /// The folds that have to be made together, because their nodes share the weight and a part of them alone would leave two weights;
    /// null when not all can be made, or not alike.
    /// </summary>
    private List<WeightFold>? Sharers(WeightFold fold, PassContext context)
    {
        var uses = fold.Into.Weight.Uses;
        if (!fold.ChangesWeight || uses.Count == 1)
            return [fold];
        if (uses.Count > MaxSharers)
            return null;
        var others = uses.Where(use => use.User != fold.Into.Node).Select(use => Sharer(use, fold, context)).ToList();
        return others.TrueForAll(other => other is not null) ? [fold, .. others.OfType<WeightFold>()] : null;
    }

    private WeightFold? Sharer(Use use, WeightFold fold, PassContext context)
    {
        if (use.Index != 1 || !_search.IsTarget(use.User))
            return null;
        var beside = fold.Side == FoldSide.Input
            ? use.User.Input(0)?.Producer
            : use.User.Output().Uses is [var reader] ? reader.User : null;
        if (beside is null || !_search.IsCandidate(beside))
            return null;
        return _search.Find(beside, context.Opset(beside.Graph!)).Fold is { } other && other.Into.Node == use.User
            && other.Into.Layout == fold.Into.Layout && other.Affine.Scale.SequenceEqual(fold.Affine.Scale) ? other : null;
    }
}
