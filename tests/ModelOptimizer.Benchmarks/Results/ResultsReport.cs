using System.Globalization;
using System.Text;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks.Results;

/// <summary>The results as Markdown.</summary>
internal static class ResultsReport
{
    public static string Write(IReadOnlyList<PipelineResult> pipelines, IReadOnlyList<PassResult> passes)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # What the passes without loss do to real models

            Made by `dotnet run -c Release --project tests/ModelOptimizer.Benchmarks -- results`, with {ModelUnderTest.Engine.Description}, one thread,
            on {Machine.Description}.

            - Nodes: all graphs, Constant nodes not counted; *best other* is what the best of OnnxSlim, onnxoptimizer and ONNX Runtime's basic
              optimization leaves.
            - Bytes: of one file with everything in it.
            - Difference: the largest over all outputs and rows, as a part of that output's max|a|; *=* where every bit is equal. The runtime's own
              optimizations are off, so that only ours count. Integer outputs are equal throughout, or counted. *Runtime's own* is what the runtime's
              full optimization makes of the original: the noise of that model. Exact passes may go 1e-5 far, those that reassociate 1e-4; what goes
              further is **bold**, and the command fails.
            - Time: as a share of the original's, median and middle half of rounds that run both in turn, under the runtime's full optimization.
            - bert-toy is slower after `simplify` alone: it was never trained, so that its gains of one and biases of zero go, and with them the
              formulas of which the runtime makes Attention and SkipLayerNormalization. `fuse` completes them; a trained model never loses them.


            """);
        AppendPipelines(text, pipelines);
        AppendPasses(text, passes);
        AppendOperators(text, pipelines);
        return text.ToString();
    }

    private static void AppendPipelines(StringBuilder text, IReadOnlyList<PipelineResult> pipelines)
    {
        text.AppendLine("| model | pipeline | nodes | best other | bytes | difference | runtime's own | rows | time |");
        text.AppendLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var result in pipelines)
            text.AppendLine(CultureInfo.InvariantCulture, $"| {result.Test.Name} | {result.Pipeline} | {result.Before.Nodes} → {result.After.Nodes} "
                + $"| {PeerNodeCounts.Best.GetValueOrDefault(result.Test.Name)} | {result.BytesBefore:N0} → {result.BytesAfter:N0} | {Difference(result.Deviation, result.IsWithinEffect)} "
                + $"| {Difference(result.Test.RuntimesOwn)} | {result.Test.Rows} | {result.Latency.Median:0.00} ({result.Latency.Low:0.00}–{result.Latency.High:0.00}) |");
    }

    private static void AppendPasses(StringBuilder text, IReadOnlyList<PassResult> passes)
    {
        text.AppendLine().AppendLine("## Each pass in its place").AppendLine();
        text.AppendLine("Rewrites by model, in all rounds of `simplify` and then of `fuse: { format: contrib }`, with the difference between before and after the pass.").AppendLine();
        text.AppendLine("| pass | effect | largest difference | rewrites (difference) |").AppendLine("|---|---|---|---|");
        foreach (var pass in passes.GroupBy(result => result.Pass.Name).OrderBy(group => group.Key, StringComparer.Ordinal))
            text.AppendLine(CultureInfo.InvariantCulture, $"| {pass.Key} | {pass.First().Pass.Effect} | {Difference(Sum(pass), pass.All(result => result.IsWithinEffect))} "
                + $"| {string.Join(", ", pass.GroupBy(result => result.Test.Name).Select(Cell))} |");
    }

    private static string Cell(IGrouping<string, PassResult> model) =>
        $"{model.Key} {model.Sum(result => result.Rewrites)} ({Difference(Sum(model), model.All(result => result.IsWithinEffect))})";

    private static Deviation Sum(IEnumerable<PassResult> results) => results.Aggregate(default(Deviation), (sum, next) => sum + next.Deviation);

    private static void AppendOperators(StringBuilder text, IReadOnlyList<PipelineResult> pipelines)
    {
        text.AppendLine().AppendLine("## Operators that changed in number");
        foreach (var model in pipelines.GroupBy(result => result.Test.Name))
        {
            text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"### {model.Key}").AppendLine();
            foreach (var result in model)
                text.AppendLine(CultureInfo.InvariantCulture, $"- `{result.Pipeline}`: {string.Join(", ", result.Changes().Select(change => $"{change.Operator} {change.Before} → {change.After}"))}");
        }
    }

    private static string Difference(Deviation deviation, bool isWithinEffect) => isWithinEffect ? Difference(deviation) : $"**{Difference(deviation)}**";

    private static string Difference(Deviation deviation)
    {
        var floats = deviation.Relative == 0 ? "=" : deviation.Relative.ToString("0.0e-0", CultureInfo.InvariantCulture);
        return deviation.Discrete == 0 ? floats : $"{floats}, {deviation.Discrete} integers";
    }
}
