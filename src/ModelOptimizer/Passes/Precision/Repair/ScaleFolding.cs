using System.Collections.Frozen;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Scales what matrix products read, channel by channel, and their weights against it.</summary>
/// <param name="selector">What the profile lets be scaled.</param>
/// <param name="reasonsBegin">How reasons against begin.</param>
internal sealed class ScaleFolding(NodeSelector selector, PassContext context, string reasonsBegin = "")
{
    /// <summary>Whose inputs are scaled.</summary>
    public static readonly FrozenSet<string> Products = FrozenSet.Create("MatMul", "Gemm");

    /// <summary>The products that might share a value with others, which the first of its readers speaks for.</summary>
    public static IReadOnlyList<Node> Candidates(OnnxModel model) =>
        [.. GraphWalker.Nodes(model).Where(node => node.Domain.Length == 0 && Products.Contains(node.OpType))];

    /// <returns>What can be scaled together with the input of the node, or why it can't be; neither where nobody would expect it.</returns>
    public (ScaledReaders? Found, string? Refusal) Find(Node node)
    {
        var (found, refusal) = ScaledReaders.Of(node, Products);
        if (found is not null && found.Readers[0].InputAxis != 0)
            refusal = "it reads its activation transposed";
        refusal ??= found?.Refusal(selector);
        return refusal is null ? (found, null) : (null, refusal);
    }

    /// <summary>Tells why a product stays as it is.</summary>
    public void Refuse(Node product, string why) => context.Refuse(product, reasonsBegin + why);

    private void Refuse(ScaledReaders found, string why)
    {
        foreach (var reader in found.Readers)
            Refuse(reader.Node, why);
    }

    /// <summary>Divides the values by the factors of their channels and multiplies the weights by them.</summary>
    /// <returns>Those for which it was done.</returns>
    public IReadOnlyList<ScaledInput> Write(List<ScaledInput> chosen)
    {
        var (writer, written) = (new ScaleWriter(context.Model), new List<ScaledInput>());
        foreach (var each in Together(chosen))
        {
            var (constants, refusal) = ScaleWriter.Scale(each.Found.Anew(), Array.ConvertAll(each.Factors, factor => 1 / factor));
            if (refusal is not null)
                Refuse(each.Found, refusal);
            if (constants is null || !context.Rewriting(each.Words, each.Found.Readers[0].Node))
                continue;
            writer.Write(constants);
            written.Add(each);
        }
        writer.RemoveReplaced();
        return written;
    }

    /// <summary>All but those that would part a shared weight; each that stays may part others.</summary>
    private List<ScaledInput> Together(List<ScaledInput> chosen)
    {
        while (SharedWeights.Parted([.. chosen.Select(each => (each.Found, each.Factors))]) is { Count: > 0 } parted)
        {
            foreach (var (found, why) in parted)
                Refuse(found, why);
            chosen = [.. chosen.Where(each => !parted.ContainsKey(each.Found))];
        }
        return chosen;
    }
}

/// <summary>A value that is to be scaled.</summary>
/// <param name="Found">The value and its readers.</param>
/// <param name="Factors">What each of its channels is divided by.</param>
/// <param name="Words">How it is scaled, as the log tells it: <c>smooth by alpha 0.5</c>.</param>
internal sealed record ScaledInput(ScaledReaders Found, double[] Factors, string Words);
