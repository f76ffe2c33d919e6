using System.Globalization;
using ModelOptimizer.Evaluation.Gauging;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Mixed;

namespace ModelOptimizer.Passes;

/// <summary>
/// Keeps in float32 the parts of a model that lose most in float16. What gets lost there is hardly the values, each of which is rounded by itself,
/// but the few constants that many values share: a bias or factor that is off moves a whole channel, and the network adds that up. Constants that
/// belong to float32 nodes stay exact when they are small.
/// </summary>
internal sealed class HalfRescue(HalfGraph graph, HalfTrials trials)
{
    /// <summary>Noise over signal at the output that needs no rescue: 50 dB.</summary>
    private const double Harmless = 1e-5;

    /// <summary>What stored constants of float16 lose in a float32 model sets the level; so many times as much may be lost.</summary>
    private const double Tolerable = 2;

    /// <summary>More parts leave more in float16, and take more trials and Casts.</summary>
    private const int MostParts = 16;

    private readonly HashSet<HalfVertex> _half = [.. graph.Vertices.Where(vertex => vertex.IsHalf)];

    /// <summary>Marks what to keep, if the plan that is made loses too much. Trials take the plan's place: it has to be made anew.</summary>
    /// <returns>What is lost all the same; null where it is little.</returns>
    public HalfLoss? Mark()
    {
        var all = trials.Noise(trials.Write(graph));
        if (all <= Harmless)
            return null;
        var stored = trials.Noise(Alone([]));
        var allowed = Math.Max(Harmless, Tolerable * stored);
        if (double.IsPositiveInfinity(all) || all <= allowed)
            return all > allowed || HalfLoss.IsMagnified(stored) ? new HalfLoss(all, stored) : null;
        var ranking = Rank(Parts());
        var few = ReversionSearch.ShortestPrefix(Guess([.. ranking.Select(ranked => ranked.Noise)], allowed), ranking.Count, Holds);
        // Where nothing less than everything helps, no part is to blame.
        if (few == ranking.Count)
            return new HalfLoss(all, stored, ranking.Count, ranking.Select(ranked => ranked.Noise).LastOrDefault());
        var left = HalfLoss.IsMagnified(stored) ? new HalfLoss(Without(few), stored) : null;
        foreach (var (part, noise) in ranking.Take(few))
            foreach (var vertex in part)
                vertex.Keep(Why(noise));
        return left;

        bool Holds(int length) => Without(length) <= allowed;

        double Without(int length)
        {
            HalfPlan.Make(graph, ranking.Take(length).SelectMany(ranked => ranked.Part).ToHashSet());
            return trials.Noise(trials.Write(graph));
        }
    }

    private static string Why(double noise) => string.Create(CultureInfo.InvariantCulture,
        $"float16 loses too much here: with its neighbours alone computed in it, {-10 * Math.Log10(noise):0.#} dB are left at the output");

    /// <summary>The noise of parts adds up nearly.</summary>
    private static int Guess(double[] noise, double allowed)
    {
        var left = noise.Sum();
        for (var length = 0; length < noise.Length; length++)
        {
            if (left <= allowed)
                return Math.Max(1, length);
            left -= noise[length];
        }
        return Math.Max(1, noise.Length);
    }

    /// <summary>By the noise that each makes with nothing else in float16. Written one after the other, measured side by side.</summary>
    private List<(HalfVertex[] Part, double Noise)> Rank(List<HalfVertex[]> parts)
    {
        var noise = new List<double>();
        foreach (var some in parts.Chunk(trials.AtOnce))
        {
            var (models, measured) = (some.Select(Alone).ToList(), new double[some.Length]);
            SideBySide.For(some.Length, i => measured[i] = trials.Noise(models[i]));
            noise.AddRange(measured);
        }
        return [.. parts.Zip(noise).OrderByDescending(ranked => ranked.Second)];
    }

    private OnnxModel Alone(IReadOnlyList<HalfVertex> part)
    {
        foreach (var vertex in graph.Vertices)
            vertex.IsHalf = false;
        foreach (var vertex in part)
            vertex.IsHalf = true;
        return trials.Write(graph);
    }

    /// <summary>Neighbouring nodes with constants, and products. What lies between follows where that takes fewest Casts.</summary>
    private List<HalfVertex[]> Parts()
    {
        var holders = graph.Edges.Where(edge => edge.Maker is null).SelectMany(edge => edge.Readers).Select(reader => reader.Vertex).ToHashSet();
        var order = GraphWalker.Nodes(graph.Model).Select((node, index) => (node, index)).ToDictionary(pair => pair.node, pair => pair.index);
        var movable = _half.Where(vertex => vertex.Node is not null && (vertex.IsWanted || holders.Contains(vertex)))
            .OrderBy(vertex => order[vertex.Node!]).ToList();
        return [.. movable.Chunk(Math.Max(1, (movable.Count + MostParts - 1) / MostParts))];
    }
}
