using ModelOptimizer.Diagnosis;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Which weights are the LM head of a model, and which the first and the last block of its layers. Found by shapes and by the order of execution, not
/// by names, which exporters and optimizers change.
/// </summary>
internal sealed class WeightRoles
{
    /// <summary>An LM head has more output channels than so many times its inputs, unless a table tells the size of the vocabulary.</summary>
    private const int WidthOfHead = 4;

    private readonly HashSet<Value> _heads = [];
    private readonly HashSet<Value> _ends = [];

    public WeightRoles(OnnxModel model)
    {
        var weights = HalfWeights.Find(model).ToList();
        var vocabularies = weights.Where(weight => weight.Uses.All(WeightSlots.IsLookup)).Select(weight => weight.Content.Dimensions[0]).ToHashSet();
        var layers = Layers(model, weights);
        HasTables = weights.Exists(weight => weight.Uses.Any(WeightSlots.IsLookup));
        _heads.UnionWith(layers.Where(layer => IsHead(layer, vocabularies)).Select(layer => layer.Weight.Value));
        layers.RemoveAll(layer => _heads.Contains(layer.Weight.Value));
        foreach (var i in LayerBlocks.FirstAndLast([.. layers.Select(layer => (layer.Depth, layer.Channels))]))
            _ends.Add(layers[i].Weight.Value);
    }

    public bool HasHead => _heads.Count > 0;

    public bool HasFirstAndLast => _ends.Count > 0;

    /// <summary>Whether rows of some weight are looked up.</summary>
    public bool HasTables { get; }

    /// <summary>True for the product that gives each word of the vocabulary its score.</summary>
    public bool IsHead(Value weight) => _heads.Contains(weight);

    /// <summary>True for a weight of the first or the last block of layers.</summary>
    public bool IsFirstOrLast(Value weight) => _ends.Contains(weight);

    /// <summary>The weights that activations are multiplied by, in order of execution.</summary>
    private static List<Layer> Layers(OnnxModel model, List<WeightCandidate> weights)
    {
        var order = model.Functions.Select(function => function.Body).Prepend(model.Graph).SelectMany(InOrder)
            .Select((node, index) => (node, index)).ToDictionary(pair => pair.node, pair => pair.index);
        return [.. weights.Where(weight => weight.Content.Dimensions.Length == 2).Select(Layer.Of).OfType<Layer>()
            .OrderBy(layer => layer.Weight.Uses.Where(WeightSlots.IsLayer).Min(use => order[use.User]))];
    }

    private static IEnumerable<Node> InOrder(Graph graph) =>
        graph.Nodes.SelectMany(node => node.Bodies.SelectMany(body => InOrder(body.Graph)).Append(node));

    private static bool IsHead(Layer layer, HashSet<long> vocabularies) =>
        (layer.IsTable || vocabularies.Contains(layer.Channels) || layer.Channels > WidthOfHead * layer.Depth)
        && layer.Weight.Uses.Where(WeightSlots.IsLayer).Any(use => IsLast(use.User));

    /// <summary>True when an output of the model is made of the product, and no other layer reads what is made of it.</summary>
    private static bool IsLast(Node product)
    {
        var (seen, pending, isOutput) = (new HashSet<Value>(), new Stack<Value>([product.Output()]), false);
        while (pending.TryPop(out var value))
            foreach (var use in value.Uses)
            {
                if (WeightSlots.IsActivationOfLayer(use))
                    return false;
                isOutput |= use.User is { IsReturn: true, Graph.Owner: null };
                foreach (var behind in Flow.Behind(use).Where(seen.Add))
                    pending.Push(behind);
            }
        return isOutput;
    }

    /// <param name="Weight">With the products behind a Transpose among its uses.</param>
    /// <param name="IsTable">Whether its rows are looked up, too.</param>
    private sealed record Layer(WeightCandidate Weight, long Depth, long Channels, bool IsTable)
    {
        /// <summary>Null for a weight that no product reads.</summary>
        public static Layer? Of(WeightCandidate found)
        {
            var tied = TiedWeight.Of(found);
            var weight = tied?.Weight ?? found;
            if (weight.Uses.FirstOrDefault(WeightSlots.IsLayer) is not { } product)
                return null;
            // The rows of a table are the channels of the product that reads it transposed.
            var axis = tied is null ? WeightSlots.ChannelAxis(product, rank: 2) : 0;
            return new Layer(weight, weight.Content.Dimensions[1 - axis], weight.Content.Dimensions[axis], weight.Uses.Any(WeightSlots.IsLookup));
        }
    }
}
