using System.ComponentModel;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using ModelOptimizer.Pruning;

namespace ModelOptimizer.Passes;

/// <summary>
/// Makes weights of convolutions and matrix products zero. Tensors keep their shapes, so that the model takes as long as before and as many bytes,
/// until it is compressed.
/// </summary>
[Description("Makes single weights zero, a share of all or so many of each few neighbours (2:4). That makes a compressed resource or download smaller; the "
    + "file, memory and time stay what they are, since the runtime multiplies by zeros like by any number. prune-channels makes models faster.")]
public sealed class PruneWeights(PruneWeightsOptions options) : IPruningPass
{
    /// <summary>Larger models are not compressed only to tell by how much.</summary>
    private const long MostCompressed = 512L << 20;

    public NodeSelector Selector { get; } = new(options);

    public NumericEffect Effect => NumericEffect.Lossy;

    public bool RequiresData => options.Method is SparsityMethod.Wanda or SparsityMethod.Sparsegpt;

    /// <exception cref="DiagnosticException">
    /// The method needs data, and the profile has no calibration data; or the pattern or the scope does not go with the other options.
    /// </exception>
    public void Run(OnnxModel model, PassContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        var (data, method) = (Data(context), Method(context));
        Check(method, data);
        var weights = SparseWeight.Find(model, Selector, context, options.Depthwise).ToList();
        var before = Compressed(model);
        var pattern = SparsityPattern.Of(options.Pattern, options.Sparsity.Value);
        if (weights.Count > 0)
            new WeightSparsity(context, data, method, pattern, options.Scope).Run(weights);
        if (weights.Count == 0)
            return;
        var gain = before is { } bytes && Compressed(model) is { } after ? $": {new ByteSize(after)} after Brotli instead of {new ByteSize(bytes)}" : "";
        context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.ZerosTakeTime,
            $"prune-weights made zeros, which a compressed resource leaves out{gain}. File, memory and time stay what they are", options.Location));
    }

    private static CalibrationData? Data(PassContext context) => context.Calibration is { HasSamples: true } data ? data : null;

    private SparsityMethod Method(PassContext context) => options.Method ?? (Data(context) is null || options.Scope == SparsityScope.Global
        ? SparsityMethod.Magnitude : SparsityMethod.Sparsegpt);

    private void Check(SparsityMethod method, CalibrationData? data)
    {
        if (data is null && method != SparsityMethod.Magnitude)
            throw new DiagnosticException(DiagnosticCatalog.CalibrationMissing,
                $"'method: {method.ToString().ToLowerInvariant()}' goes by what layers read: add 'calibration: {{ data: … }}' to the profile, with some dozens of "
                + "typical inputs, or say 'method: magnitude'", options.Location);
        if (options.Pattern is { } pattern && SparsityPattern.Of(pattern, 0).Share is not (> 0 and < 1))
            throw Conflict($"'pattern: {pattern}' leaves no weight out: the first number has to be the smaller one, as in 2:4");
        if (options.Scope == SparsityScope.Global && method != SparsityMethod.Magnitude)
            throw Conflict("'scope: global' compares the weights of all tensors, which only 'method: magnitude' can");
        if (options.Scope == SparsityScope.Global && options.Pattern is not null)
            throw Conflict("'scope: global' and 'pattern' exclude each other: a pattern takes as many from each row");
    }

    private DiagnosticException Conflict(string why) => new(DiagnosticCatalog.PruningOptionsConflict, why, options.Location);

    private static long? Compressed(OnnxModel model)
    {
        if (ModelSize.Of(model).Bytes > MostCompressed)
            return null;
        using var saved = SavedModel.Of(model, files: null);
        return saved.CompressedBytes;
    }
}
