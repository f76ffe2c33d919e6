using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Benchmarks;

/// <summary>One form that a pass writes, at a size that real models have.</summary>
/// <param name="Name">The form and the size.</param>
/// <param name="Pass">What writes it.</param>
/// <param name="Input">Lengths of the only input.</param>
/// <param name="Build">The form before.</param>
/// <param name="After">The form afterwards, where no pass writes it because it does not pay.</param>
internal sealed record FusionCase(string Name, IGraphPass? Pass, long[] Input, Func<CaseBuilder, Value, Value> Build,
    Func<CaseBuilder, Value, Value>? After = null)
{
    /// <summary>The version of the standard operators.</summary>
    public long Opset { get; init; } = 17;
}

/// <summary>The forms that are measured.</summary>
internal static class FusionCases
{
    private static readonly long[] Around = [1, 1, 1, 1];

    public static IEnumerable<FusionCase> All => [.. Convolutions(), .. Paddings(), .. Products(), .. Elementwise(), .. FormulaCases.All, .. DynamicCases.All];

    private static IEnumerable<FusionCase> Convolutions()
    {
        long[] image = [1, 64, 56, 56];
        yield return new("Conv 3x3, BatchNormalization", new FuseConvBatchNormalization(), image, (b, x) =>
            b.Normalize(b.Conv(x, 64, 64, 3), 64));
        yield return new("Conv depthwise, BatchNormalization", new FuseConvBatchNormalization(), image, (b, x) =>
            b.Normalize(b.Conv(x, 64, 1, 3, 64), 64));
        yield return new("ConvTranspose, BatchNormalization", new FuseConvBatchNormalization(), [1, 64, 28, 28],
            (b, x) => b.Normalize(b.Op("ConvTranspose", [x, b.Constant(64, 32, 2, 2)], ("strides", [2, 2])), 32));
        yield return new("Conv 1x1, Mul", new FuseConvMul(), image, (b, x) => b.Op("Mul", [b.Conv(x, 64, 64, 1), b.Constant(64, 1, 1)]));
        yield return new("Conv 1x1, Add", new FuseConvAdd(), image, (b, x) => b.Op("Add", [b.Conv(x, 64, 64, 1), b.Constant(64, 1, 1)]));
        yield return new("Mul, Conv 3x3", new FuseMulConv(), image, (b, x) => b.Conv(b.Op("Mul", [x, b.Constant(1)]), 64, 64, 3));
        yield return new("Mul, Conv depthwise", new FuseMulConv(), image, (b, x) =>
            b.Conv(b.Op("Mul", [x, b.Constant(64, 1, 1)]), 64, 1, 3, 64));
        yield return new("Add, Conv 1x1", new FuseAddConv(), image, (b, x) => b.Conv(b.Op("Add", [x, b.Constant(64, 1, 1)]), 64, 64, 1));
        yield return new("BatchNormalization, Conv 1x1", new FuseBatchNormalizationConv(), image, (b, x) =>
            b.Conv(b.Normalize(x, 64), 64, 64, 1));
    }

    private static IEnumerable<FusionCase> Paddings()
    {
        long[] image = [1, 64, 56, 56];
        yield return new("Pad, Conv 3x3", new FusePad(), image, (b, x) =>
            b.Op("Conv", [b.Pad(x, 0), b.Constant(64, 64, 3, 3)], ("strides", [2, 2])));
        yield return new("Pad, Conv depthwise", new FusePad(), image, (b, x) =>
            b.Op("Conv", [b.Pad(x, 0), b.Constant(64, 1, 3, 3)], ("group", [64])));
        yield return new("Pad, AveragePool", new FusePad(), image, (b, x) => b.Op("AveragePool", [b.Pad(x, 0)], ("kernel_shape", [3, 3])));
        yield return new("Pad, MaxPool", new FusePad(), image, (b, x) =>
            b.Op("MaxPool", [b.Pad(x, float.NegativeInfinity)], ("kernel_shape", [3, 3])));
    }

    private static IEnumerable<FusionCase> Products()
    {
        foreach (var rows in new long[] { 1, 16, 128 })
        {
            yield return new($"MatMul, Add, {rows} rows", new FuseMatMulAdd(), [rows, 512], (b, x) =>
                b.Op("Add", [b.Op("MatMul", [x, b.Constant(512, 512)]), b.Constant(512)]));
            yield return new($"Gemm, Add, {rows} rows", new FuseGemmAdd(), [rows, 512], (b, x) =>
                b.Op("Add", [b.Gemm(x), b.Constant(512)]));
            yield return new($"Gemm, Mul, {rows} rows", new FuseGemmMul(), [rows, 512], (b, x) =>
                b.Op("Mul", [b.Gemm(x), b.Constant(512)]));
            yield return new($"Gemm, BatchNormalization, {rows} rows", new FuseGemmBatchNormalization(), [rows, 512], (b, x) =>
                b.Normalize(b.Gemm(x), 512));
            yield return new($"Mul, Gemm, {rows} rows", new FuseMulGemm(), [rows, 512], (b, x) =>
                b.Gemm(b.Op("Mul", [x, b.Constant(512)])));
            yield return new($"Add, Gemm, {rows} rows", new FuseAddGemm(), [rows, 512], (b, x) =>
                b.Gemm(b.Op("Add", [x, b.Constant(512)])));
            yield return new($"BatchNormalization, Gemm, {rows} rows", new FuseBatchNormalizationGemm(), [rows, 512], (b, x) =>
                b.Gemm(b.Normalize(x, 512)));
            yield return new($"Transpose, Gemm, {rows} rows", new FuseTransposeGemm(), [512, rows], (b, x) =>
                b.Gemm(b.Op("Transpose", [x], ("perm", [1, 0]))));
            yield return new($"Transpose, MatMul, {rows} rows", new FuseTransposeGemm(), [512, rows],
                (b, x) => b.Op("MatMul", [b.Op("Transpose", [x], ("perm", [1, 0])), b.Constant(512, 512)]));
            yield return new($"MatMul, Transpose, {rows} rows", new FuseTransposeGemm(), [rows, 512],
                (b, x) => b.Op("MatMul", [b.Op("Abs", [x]), b.Op("Transpose", [b.Op("Neg", [x])], ("perm", [1, 0]))]));
        }
        yield return new("MatMul, Mul, batched", new FuseGemmMul(), [4, 64, 512], (b, x) =>
            b.Op("Mul", [b.Op("MatMul", [x, b.Constant(512, 512)]), b.Constant(512)]));
        yield return new("Mul, MatMul, batched", new FuseMulGemm(), [4, 64, 512], (b, x) =>
            b.Op("MatMul", [b.Op("Mul", [x, b.Constant(512)]), b.Constant(512, 512)]));
        foreach (var (rows, depth, width) in new (long, long, long)[] { (1, 512, 512), (64, 512, 512), (64, 768, 3072), (64, 3072, 768), (512, 768, 3072) })
            yield return new($"flattened Gemm, {rows}×{depth}×{width}", new ReplaceFlattenedGemm(), [1, rows, depth], (b, x) =>
                b.Reshape(b.Op("Gemm", [b.Reshape(x, -1, depth), b.Constant(depth, width), b.Constant(width)]), 1, rows, width));
        yield return new("attention with scaled queries", new FuseScale(), [1, 64, 512], Attention);
        yield return new("not written: batched MatMul, Add as Gemm between Reshapes", null, [4, 64, 512],
            (b, x) => b.Op("Add", [b.Op("MatMul", [x, b.Constant(512, 512)]), b.Constant(512)]),
            (b, x) => b.Reshape(b.Op("Gemm", [b.Reshape(x, -1, 512), b.Constant(512, 512), b.Constant(512)]), 4, 64, 512));
    }

    private static IEnumerable<FusionCase> Elementwise()
    {
        yield return new("Div, Mul", new MergeConstantOperands(), [1, 64, 56, 56], (b, x) =>
            b.Op("Mul", [b.Op("Div", [x, b.Constant(1)]), b.Constant(1)]));
        yield return new("Add, Add", new MergeConstantOperands(), [1, 64, 512], (b, x) =>
            b.Op("Add", [b.Op("Add", [x, b.Constant(512)]), b.Constant(1)]));
    }

    private static Value Attention(CaseBuilder b, Value x)
    {
        var queries = b.Op("Mul", [b.Heads(b.Linear(x)), b.Constant(1)]);
        var scores = b.Op("MatMul", [queries, b.Op("Transpose", [b.Heads(b.Linear(x))], ("perm", [0, 1, 3, 2]))]);
        return b.Op("MatMul", [b.Op("Softmax", [scores]), b.Heads(b.Linear(x))]);
    }

    private static Value Conv(this CaseBuilder b, Value x, long outputs, long inputs, long kernel, long groups = 1)
    {
        var weight = b.Constant(outputs, inputs, kernel, kernel);
        return kernel == 1
            ? b.Op("Conv", [x, weight, b.Constant(outputs)])
            : b.Op("Conv", [x, weight, b.Constant(outputs)], ("pads", Around), ("group", [groups]));
    }

    private static Value Gemm(this CaseBuilder b, Value x) => b.Op("Gemm", [x, b.Constant(512, 512), b.Constant(512)]);

    private static Value Linear(this CaseBuilder b, Value x) => b.Op("Add", [b.Op("MatMul", [x, b.Constant(512, 512)]), b.Constant(512)]);

    private static Value Heads(this CaseBuilder b, Value x) => b.Op("Transpose", [b.Reshape(x, 1, 64, 8, 64)], ("perm", [0, 2, 1, 3]));

    private static Value Normalize(this CaseBuilder b, Value x, long channels) =>
        b.Op("BatchNormalization", [x, b.Constant(channels), b.Constant(channels), b.Constant(channels), b.Constant(channels)]);

    private static Value Reshape(this CaseBuilder b, Value x, params long[] shape) => b.Op("Reshape", [x, b.Int64s(shape)]);

    private static Value Pad(this CaseBuilder b, Value x, float value) =>
        b.Op("Pad", [x, b.Int64s(0, 0, 1, 1, 0, 0, 1, 1), b.Number(value)]);
}
