using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Weights that several nodes read: scaled with different factors, they would be stored once for each reader.</summary>
internal static class SharedWeights
{
    /// <summary>What shares weights and so needs one choice of factors, in order.</summary>
    public static IEnumerable<IReadOnlyList<ScaledReaders>> Groups(IReadOnlyList<ScaledReaders> all)
    {
        var (sets, first) = (new DisjointSets<int>(), new Dictionary<(Value Weight, bool IsRead), int>());
        for (var i = 0; i < all.Count; i++)
        {
            sets.Add(i);
            var weights = all[i].Readers.Select(reader => (reader.Weight, true));
            foreach (var weight in all[i].Source.Linear is { } linear ? weights.Append((linear.Weight, false)) : weights)
                if (!first.TryAdd(weight, i))
                    sets.Join(first[weight], i);
        }
        return all.Index().GroupBy(each => sets.Find(each.Index), each => each.Item).Select(group => group.ToList());
    }

    /// <summary>Finds what has to stay as it is because other readers of its weights do, or would get other factors.</summary>
    /// <param name="all">All that is to be scaled, each with the factors that its source is multiplied by and its readers are divided by.</param>
    /// <returns>What must not be scaled, each with the reason.</returns>
    public static IReadOnlyDictionary<ScaledReaders, string> Parted(IReadOnlyCollection<(ScaledReaders Found, double[] Factors)> all)
    {
        var (inputs, outputs) = (new Dictionary<Node, double[]>(), new Dictionary<Node, double[]>());
        foreach (var (found, factors) in all.Where(each => Array.Exists(each.Factors, factor => factor != 1)))
        {
            foreach (var reader in found.Readers)
                inputs[reader.Node] = factors;
            if (found.Source.Linear is { } linear)
                outputs[linear.Node] = factors;
        }
        var parted = new Dictionary<ScaledReaders, string>(ReferenceEqualityComparer.Instance);
        foreach (var (found, factors) in all)
            if (Array.Exists(factors, factor => factor != 1) && Weights(found).FirstOrDefault(IsParted) is { } weight)
                parted[found] = $"nodes that share the weight '{weight}' would need other factors, so that a second copy would be stored";
        return parted;

        bool IsParted(Value weight)
        {
            var readers = weight.Uses.Select(use => use.User).ToList();
            return !readers.TrueForAll(reader => AreEqual(inputs, reader, readers[0]) && AreEqual(outputs, reader, readers[0]));
        }
    }

    private static IEnumerable<Value> Weights(ScaledReaders found)
    {
        var weights = found.Readers.Select(reader => reader.Weight);
        return found.Source.Linear is { } linear ? weights.Append(linear.Weight) : weights;
    }

    private static bool AreEqual(Dictionary<Node, double[]> factors, Node one, Node other) =>
        factors.GetValueOrDefault(one, []).SequenceEqual(factors.GetValueOrDefault(other, []));
}
