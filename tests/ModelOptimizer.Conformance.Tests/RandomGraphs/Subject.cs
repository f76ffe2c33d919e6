using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>A model with what it answered before any pass came near it.</summary>
internal sealed class Subject
{
    private const int MostRuns = 4;

    private static readonly SessionSettings AsWritten = new(Optimize: false);

    private readonly List<Answer> _ordinary = [];
    private readonly Answer? _special;

    /// <exception cref="InferenceException">The runtime refuses the model, or fails on the first of the inputs.</exception>
    public Subject(OnnxModel model)
    {
        Model = model;
        using var session = PassContexts.Engine.Open(model, AsWritten);
        foreach (var inputs in Feeds.Ordinary(session.Inputs))
            if (_ordinary.Count == 0)
                _ordinary.Add(new Answer(inputs, session.Run(inputs)));
            else if (Try(session, inputs) is { } run)
                _ordinary.Add(run);
        _special = Try(session, Feeds.Special(session.Inputs));
    }

    public OnnxModel Model { get; }

    /// <summary>Runs the passes on a clone: whether they changed anything, and what is wrong with the outcome, in words.</summary>
    public (bool IsChanged, string? Flaw) Run(Pipeline pipeline)
    {
        var model = Model.Clone();
        try
        {
            return PassContexts.Run(model, pipeline.Passes).Rewrites.Count == 0 ? (false, null) : (true, Flaw(model, pipeline));
        }
        catch (Exception e) when (e is DiagnosticException or InferenceException or InvalidModelException or InvalidOperationException or ArgumentException)
        {
            return (true, $"{e.GetType().Name}: {e.Message}");
        }
    }

    private string? Flaw(OnnxModel model, Pipeline pipeline) => GraphVerifier.Verify(model) is [var problem, ..]
        ? $"unsound: {problem}"
        : Difference(model, pipeline.Effect) ?? Unsettled(model.Clone(), pipeline);

    private string? Difference(OnnxModel model, NumericEffect effect)
    {
        using var session = PassContexts.Engine.Open(OnnxModel.Parse(ModelWriter.ToBytes(model)), AsWritten);
        var tolerance = effect == NumericEffect.Exact ? new Tolerance(1e-5, 1e-5) : new Tolerance(1e-4, 1e-4);
        // Sums of huge numbers in another order may overflow: infinities are for passes that keep the order.
        var runs = effect == NumericEffect.Exact && _special is not null ? _ordinary.Append(_special) : _ordinary;
        return runs.Select(run => run.Difference(session, tolerance)).FirstOrDefault(difference => difference is not null);
    }

    /// <summary>What a pass does outside may make work for it in a body that it visited first; but this must come to an end.</summary>
    private static string? Unsettled(OnnxModel model, Pipeline pipeline)
    {
        IReadOnlyList<Rewrite> rewrites = [];
        for (var i = 0; i < MostRuns; i++)
            if ((rewrites = PassContexts.Run(model, pipeline.Passes).Rewrites).Count == 0)
                return null;
        return $"run after run it finds: {rewrites[0]}";
    }

    /// <summary>Some operators don't work on empty or infinite values, which is no fault of a pass.</summary>
    private static Answer? Try(IInferenceSession session, Dictionary<string, Tensor> inputs)
    {
        try
        {
            return new Answer(inputs, session.Run(inputs));
        }
        catch (InferenceException)
        {
            return null;
        }
    }

    private sealed record Answer(Dictionary<string, Tensor> Inputs, IReadOnlyList<Tensor?> Outputs)
    {
        public string? Difference(IInferenceSession session, Tolerance tolerance)
        {
            var actual = session.Run(Inputs);
            for (var i = 0; i < Outputs.Count; i++)
                if (TensorAssert.Difference(Outputs[i], actual[i], tolerance) is { } difference)
                    return $"{session.Outputs[i].Name}: {difference}";
            return null;
        }
    }
}
