using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Lets a model compute in float16 where numbers bear it.</summary>
internal sealed class HalfCompute(ConvertFloat16Options options, NodeSelector selector, HalfConstants constants, PassContext context)
{
    /// <exception cref="DiagnosticException">The runtime takes the model, but not what would become of it; nothing was changed.</exception>
    public void Run()
    {
        var model = context.Model;
        context.InferTypes();
        var graph = new HalfGraph(model);
        Want(graph);
        new HalfDangers(graph, Observations(graph), options).Mark();
        var regions = HalfPlan.Make(graph);
        HalfLoss? loss = null;
        if (IsMeasured && regions.Count > 0)
        {
            loss = new HalfRescue(graph, new HalfTrials(options, selector, constants, context)).Mark();
            regions = HalfPlan.Make(graph);
        }
        foreach (var region in regions.Where(region => !Announce(region)))
            foreach (var vertex in region)
                vertex.IsHalf = false;
        Report(graph);
        if (!graph.Vertices.Any(vertex => vertex.IsHalf))
            return;
        RequireLoading(graph);
        new HalfWriter(graph, constants).Write();
        if (loss is not null)
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.Float16Lossy, loss.Words, options.Location));
        context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.Float16NeedsHardware,
            "Arithmetic in float16 is faster only on processors that do it natively, such as arm64 with FP16. Elsewhere ONNX Runtime computes in float32 between Casts: "
            + "the file is half as large and the speed at most what it was. 'form: storage' has the size without the Casts", options.Location));
    }

    /// <summary>Who names operators, or a goal, decides by himself what is lost.</summary>
    private bool IsMeasured => context.Calibration is not null && options is { Operators.Count: 0, Accuracy: null, Filter: null };

    /// <summary>Says what is worth Casts and what the profile keeps as it is.</summary>
    private void Want(HalfGraph graph)
    {
        foreach (var vertex in graph.Vertices)
        {
            if (vertex.Node is { } node)
            {
                vertex.IsWanted = options.Operators.Contains(node.OpType) || (vertex.Operator?.Use == HalfUse.Product && IsWorthCasts(node));
                if (vertex.Operator is not null && selector.Refusal(node) is { } why)
                    vertex.Keep(why);
            }
            else if (vertex.Input is not null || vertex.Output is not null)
            {
                vertex.IsWanted = !options.KeepIo;
                if (options.KeepIo)
                    vertex.Keep("it is part of the model's signature");
            }
        }
    }

    /// <summary>A small matrix is multiplied faster than its vectors are cast.</summary>
    private bool IsWorthCasts(Node node) => !(node.Input(1)?.Constant?.ElementCount < options.MinElements);

    /// <summary>What values were on calibration data, and what constants are.</summary>
    private Dictionary<Value, HalfObserver> Observations(HalfGraph graph)
    {
        var (seen, values) = (new Dictionary<Value, HalfObserver>(), new List<Value>());
        foreach (var edge in graph.Edges)
            if ((edge.Constant ?? ScaledHalf.Restored(edge.Value)) is not { } content)
                values.Add(edge.Value);
            else if (HalfPrecision.TooLarge(content) is null)
                seen.Add(edge.Value, HalfObserver.Of(content));
        if (context.Calibration is null)
        {
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.Float16WithoutData,
                "No calibration data says how large values get, so normalizations, exponentials, powers and sums stay float32. Name data under 'calibration:' to let "
                + "convert-float16 see which of them may be float16, and which other values exceed its range", options.Location));
            return seen;
        }
        foreach (var (value, observer) in context.Calibration.Observe(context.Model, values, _ => new HalfObserver()))
            if (observer.WasSeen)
                seen[value] = observer;
        return seen;
    }

    private bool Announce(IReadOnlyList<HalfVertex> region)
    {
        var nodes = region.Count(vertex => vertex.Node is not null);
        var what = $"compute {nodes} {(nodes == 1 ? "node" : "nodes")} in float16";
        return region.FirstOrDefault(vertex => vertex.Node is not null)?.Node is { } first ? context.Rewriting(what, first) : context.Rewriting(what, $"{region[0].Port.Owner}");
    }

    private void Report(HalfGraph graph)
    {
        foreach (var vertex in graph.Vertices)
            if (vertex is { IsHalf: false, Node: { } node } && !(node.Outputs[0] is { } made && HalfPlan.IsHalfAlready(made)))
                context.Refuse(node, vertex.Danger ?? "in float16 it would need more Casts than it is worth");
        foreach (var edge in graph.Edges)
            if (edge.Constant is { } content && content.ElementCount >= options.MinElements && edge.Readers.All(reader => reader.Vertex.IsHalf))
                context.Compressed($"{edge.Value}", content, content.ByteCount / 2, "float16");
    }

    /// <summary>Asks the runtime before anything changes.</summary>
    private void RequireLoading(HalfGraph graph)
    {
        if (Complaint(HalfRehearsal.Write(context.Model, graph, constants)) is { } complaint && Complaint(context.Model) is null)
            throw new DiagnosticException(DiagnosticCatalog.Float16NotLoaded,
                $"{context.Engine.Description} runs the model, but not in float16: {complaint}. Name the operator under 'exclude-operators', or take 'form: storage'", options.Location);
    }

    private string? Complaint(OnnxModel model)
    {
        try
        {
            context.Engine.Open(model, new SessionSettings()).Dispose();
            return null;
        }
        catch (InferenceException e)
        {
            return e.Message;
        }
    }
}
