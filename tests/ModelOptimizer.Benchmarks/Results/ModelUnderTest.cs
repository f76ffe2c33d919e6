using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Benchmarks.Results;

/// <summary>A real model with its evaluation data.</summary>
internal sealed class ModelUnderTest
{
    private const int MostSamples = 32;

    /// <summary>So that only our own passes are compared.</summary>
    private static readonly SessionSettings AsWritten = new(Optimize: false);

    private Deviation? _runtimesOwn;

    public ModelUnderTest(string path)
    {
        Name = Path.GetFileNameWithoutExtension(path);
        Original = OnnxModel.Load(path);
        Samples = [.. new DataSet([new ModelData(path).Evaluation], DataRequest.For(Original) with { Limit = MostSamples }).Read()];
    }

    public static IInferenceEngine Engine { get; } = new OnnxRuntimeEngine();

    public string Name { get; }

    public OnnxModel Original { get; }

    public IReadOnlyList<Sample> Samples { get; }

    /// <summary>Rows of data in all samples.</summary>
    public long Rows => Samples.Sum(sample => sample.Rows);

    /// <summary>Runs the passes on the model itself.</summary>
    public static RewriteLog Apply(OnnxModel model, params IEnumerable<IGraphPass> passes)
    {
        var log = new RewriteLog();
        PassRunner.Run(new PassContext(model, log, Engine, new DiagnosticBag()), passes);
        return log;
    }

    /// <summary>How far the runtime's own full optimization moves the outputs: the noise that the model makes of the order of operations.</summary>
    public Deviation RuntimesOwn => _runtimesOwn ??= Deviation(Answers(Original), Answers(Original, new SessionSettings()));

    /// <summary>What a form of the model answers to each sample.</summary>
    public IReadOnlyList<IReadOnlyList<Tensor?>> Answers(OnnxModel form, SessionSettings? settings = null)
    {
        using var session = Engine.Open(form, settings ?? AsWritten);
        return [.. Samples.Select(sample => session.Run(sample.Inputs))];
    }

    public static Deviation Deviation(IReadOnlyList<IReadOnlyList<Tensor?>> expected, IReadOnlyList<IReadOnlyList<Tensor?>> actual) =>
        expected.Zip(actual, Results.Deviation.Between).Aggregate(default(Deviation), (sum, next) => sum + next);
}
