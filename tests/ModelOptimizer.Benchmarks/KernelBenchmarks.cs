using BenchmarkDotNet.Attributes;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Benchmarks;

/// <summary>Kernels on one matrix of 64 MiB.</summary>
[ShortRunJob]
public class KernelBenchmarks
{
    private const int Size = 4096;
    private WeightMatrix _matrix = null!;
    private QuantizedWeight _quantized = null!;
    private float[] _gram = null!;
    private float[] _weights = null!;
    private InputGram _inputs = null!;

    [Params(4, 8)]
    public int Bits { get; set; }

    private WeightGrid Grid => new(Bits, IsSymmetric: true);

    [GlobalSetup]
    public void MakeWeights()
    {
        var random = new Random(1);
        var weights = new float[Size * Size];
        for (var i = 0; i < weights.Length; i++)
            weights[i] = random.NextSingle() - 0.5f;
        _weights = weights;
        _matrix = new WeightMatrix(Tensor.Create([Size, Size], weights), channelAxis: 1);
        _quantized = RoundToNearest.Quantize(_matrix, Grid, blockSize: 32)!;
        _gram = new float[Size * Size];
        MatrixProduct.AddGram(MatrixView.Of(_gram, Size, Size), MatrixView.Of(weights, Size, Size));
        _inputs = new InputGram();
        var sample = new InputGram();
        sample.Observe(Tensor.Create([Size, Size], weights));
        _inputs.Merge(sample);
    }

    [GlobalCleanup]
    public void Return() => _quantized.Dispose();

    [Benchmark]
    public void RoundToNearestBlocksOf32() => RoundToNearest.Quantize(_matrix, Grid, blockSize: 32)!.Dispose();

    [Benchmark]
    public void RoundToNearestPerChannel() => RoundToNearest.Quantize(_matrix, Grid, blockSize: Size)!.Dispose();

    [Benchmark]
    public void LeastSquaredErrorBlocksOf32() => WeightAlgorithm.Find("mse")!.Quantize(_matrix, Grid, blockSize: 32)!.Dispose();

    /// <summary>The factor of the Gram matrix included, the matrix itself not.</summary>
    [Benchmark]
    public void GptqBlocksOf32() => Gptq.Of(_gram, Size)!.Round(_matrix, _quantized);

    /// <summary>The search for scales of a layer's inputs; their Gram matrices not included.</summary>
    [Benchmark]
    public object AwqScalesForBlocksOf32() => new InputScales([new ScaledLayer(_matrix, Grid, blockSize: 32)], _inputs).Search();

    /// <summary>Of 4096 rows, all of which is added above the diagonal only.</summary>
    [Benchmark]
    public void GramOf4096Rows() => MatrixProduct.AddGram(MatrixView.Of(new float[Size * Size], Size, Size), MatrixView.Of(_weights, Size, Size));

    /// <summary>How far a rounding is off on the rows behind a Gram matrix: asked four times a layer.</summary>
    [Benchmark]
    public double[] Judge() => new CodeJudge(_matrix, _gram).Errors(_quantized);

    [Benchmark]
    public void HalfQuadraticBlocksOf32() => WeightAlgorithm.Find("hqq")!.Quantize(_matrix, Grid, blockSize: 32)!.Dispose();

    [Benchmark]
    public void LargeWeightsCountMoreBlocksOf32() => WeightAlgorithm.Find("k-quant")!.Quantize(_matrix, Grid, blockSize: 32)!.Dispose();

    [Benchmark]
    public object PackForDequantizeLinear() => DequantizeLinearLayout.Codes(_quantized, [Size, Size], channelAxis: 1);

    [Benchmark]
    public object PackForMatMulNBits() => MatMulNBitsLayout.Codes(_quantized);
}
