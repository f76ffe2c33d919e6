using System.Collections.Immutable;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What a pass may use and where it announces what it does.</summary>
public sealed class PassContext(OnnxModel model, RewriteLog log, IInferenceEngine engine, IDiagnosticSink diagnostics)
{
    private readonly TypeInference _types = new(engine);

    /// <summary>The model's count of changes when types were last inferred.</summary>
    private long _typedAt = -1;

    /// <summary>The size of the model, and its count of changes when that was taken.</summary>
    private (long At, ModelSize Size)? _size;

    private bool _isScratchReported;

    public OnnxModel Model { get; } = model;

    internal RewriteLog Log { get; } = log;

    public IInferenceEngine Engine { get; } = engine;

    public IDiagnosticSink Diagnostics { get; } = diagnostics;

    /// <summary>The model as it was before the first pass that gave up precision; null until then. Values are found in it by name.</summary>
    internal OnnxModel? Original { get; private set; }

    /// <summary>What passes learn from; null when the profile gives no calibration data.</summary>
    public CalibrationData? Calibration { get; init; }

    /// <summary>Name of the file that the model is going to be.</summary>
    public string OutputName { get; init; } = "model.onnx";

    /// <summary>Told, with the name of the pass, when units are out and weights are about to be fitted to what is left.</summary>
    internal Action<string>? Narrowed { get; init; }

    internal RefusedFolds RefusedFolds { get; } = new();

    internal InputMemory Inputs { get; } = new();

    /// <summary>True once the limit of rewrites is reached: nothing may change any more.</summary>
    public bool IsDone => Log.IsFull;

    /// <summary>Announces a change just before it is made. False when the limit is reached: then it must not be made.</summary>
    /// <param name="what">The change in words: <c>fold BatchNormalization into Conv</c>.</param>
    /// <param name="where">The node that it starts from.</param>
    public bool Rewriting(string what, Node where) => Log.TryAdd(what, where.ToString(), where);

    /// <summary>Announces a change to something that is no node.</summary>
    public bool Rewriting(string what, Value where) => Log.TryAdd(what, where.ToString(), where);

    /// <summary>Announces a change to something that has no place in a graph: a function, an import, the model as a whole.</summary>
    public bool Rewriting(string what, string where) => Log.TryAdd(what, where);

    /// <summary>Tells why a candidate stays as it is.</summary>
    public void Refuse(Node node, string why) => Log.Refuse(node.ToString(), why);

    /// <summary>Keeps the model as it is for those who mend what is lost from here on. Tensors are shared.</summary>
    internal void KeepOriginal()
    {
        if (Original is not null)
            return;
        ProductNames.Ensure(Model);
        Original = Model.Clone();
    }

    /// <summary>Lets what mends later passes hold the model against what it is now: tensors of before have other shapes.</summary>
    internal void ForgetOriginal() => Original = null;

    /// <summary>The size of the model as it is now.</summary>
    internal ModelSize MeasureSize()
    {
        if (_size?.At != Model.ChangeCount)
            _size = (Model.ChangeCount, ModelSize.Of(Model));
        return _size.Value.Size;
    }

    /// <summary>
    /// Brings <see cref="Value.Type"/> up to date all over the model: one sweep, none when nothing changed since the last time. Symbols of inferred
    /// types are canonical: two axes with the same non-empty symbol have the same length in every run.
    /// </summary>
    public void InferTypes()
    {
        if (_typedAt != Model.ChangeCount)
            _types.Run(Model);
        _typedAt = Model.ChangeCount;
    }

    /// <summary>Brings what the file declares about intermediate values up to date, once a rewrite may have made it stale.</summary>
    internal void RefreshDeclarations()
    {
        if (Log.Rewrites.Count == 0)
            return;
        InferTypes();
        DeclaredTypes.Refresh(Model);
    }

    /// <summary>
    /// What is known about the elements of a small integer or boolean tensor of rank 0 or 1, as of the last <see cref="InferTypes"/>: each a
    /// number, a canonical symbol or unknown. Null when not even their number is known.
    /// </summary>
    public ImmutableArray<Dimension>? ElementsOf(Value value) => _types.ElementsOf(value);

    /// <summary>Records that a weight is stored in fewer bytes now, for the report.</summary>
    /// <param name="weight">The weight's name.</param>
    /// <param name="content">What it was.</param>
    /// <param name="bytesAfter">Bytes of everything that stands for it now.</param>
    /// <param name="form">How it is stored, in words: <c>int4, blocks of 32, DequantizeLinear</c>.</param>
    public void Compressed(string weight, Tensor content, long bytesAfter, string form) => Log.Compressed(weight, content, bytesAfter, form);

    /// <summary>Records why a candidate weight stays as it is.</summary>
    public void RefuseWeight(string weight, Tensor content, string why) => Log.RefuseWeight(weight, content, why);

    /// <summary>Records that a node computes in another precision now, for the report.</summary>
    /// <param name="form">What its operands and results are, in words: <c>uint8 × int8 per channel</c>.</param>
    public void Quantized(Node node, string form) => Log.Quantized(node, form);

    /// <summary>Records that a value is rounded at run time, for the report.</summary>
    internal void Rounded(Value value, DataType type, float scale, int zeroPoint, ValueRange range) =>
        Log.Rounded(new RoundedValue("", value.Name, type.ToOnnxName(), scale, zeroPoint, range.Low, range.High));

    /// <summary>Tells, once, that what passes make stays in memory because no folder takes it.</summary>
    internal void ReportScratch()
    {
        if (_isScratchReported || Model.ScratchProblem is not { } problem)
            return;
        _isScratchReported = true;
        Diagnostics.Report(new Diagnostic(DiagnosticCatalog.ScratchNotWritten,
            $"{problem}: the rest stays in memory, and the result is the same. Set TMPDIR to a folder with room for the result"));
    }

    /// <summary>The version of the standard operators that a node of the graph is read by.</summary>
    public long Opset(Graph graph) => Model.OpsetOf(graph);
}
