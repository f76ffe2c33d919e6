using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Sizing;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Quantization.WeightAlgorithms;

/// <summary>What the weights of one seed become, to the bit: the same on CPUs with vectors of any width.</summary>
public sealed class SameBytesTests
{
    private const int Channels = 40;
    private const int Depth = 150;

    [TestCase("round-to-nearest", 4, false, "F3A4F6E7575E8771")]
    [TestCase("mse", 4, false, "8DC158CD81422060")]
    [TestCase("k-quant", 4, false, "4712C29FCDD2BE59")]
    [TestCase("hqq", 4, false, "3E6F39A08BA03FE5")]
    [TestCase("round-to-nearest", 2, true, "833D5D3A5AF9D362")]
    [TestCase("mse", 2, true, "869FFB2BE29A3A90")]
    [TestCase("k-quant", 2, true, "5BBA4A85C50E5AB4")]
    [TestCase("hqq", 2, true, "A63532458E12F043")]
    [TestCase("round-to-nearest", 3, true, "40DEB19198DA7633")]
    [TestCase("mse", 3, true, "02B9FD1A9DA30518")]
    [TestCase("k-quant", 3, true, "9416E6178FDDC100")]
    [TestCase("hqq", 3, true, "71E2B1C0E9E48619")]
    [TestCase("round-to-nearest", 8, true, "0D4396824E753D91")]
    [TestCase("mse", 8, true, "4A32534A454D2626")]
    [TestCase("k-quant", 8, true, "4D61562F887E1E04")]
    [TestCase("hqq", 8, true, "A6DE9ED870B4D6D6")]
    public void Codes_and_scales_are_the_same_on_every_CPU(string algorithm, int bits, bool symmetric, string hash)
    {
        using var quantized = WeightAlgorithm.Find(algorithm)!.Quantize(Weight, new WeightGrid(bits, symmetric), 32)!;

        Assert.That(Hash(quantized.Codes, MemoryMarshal.AsBytes(quantized.Scales.AsSpan()), quantized.ZeroPoints), Is.EqualTo(hash));
    }

    [TestCase(2, "4F2C7333E8A7A8DF")]
    [TestCase(4, "5F2E8F413A4EFCEE")]
    public void Entries_of_palettes_are_the_same_on_every_CPU(int bits, string hash) =>
        Assert.That(Hash(MemoryMarshal.AsBytes(Codebook.Find(Weights.Random(Channels * Depth, seed: 7), 1 << bits).Entries.AsSpan()), [], []), Is.EqualTo(hash));

    /// <summary>Channels of very different size, of which the numbers are divided before they share a table.</summary>
    [Test]
    public void Factors_of_palettes_are_the_same_on_every_CPU()
    {
        var weight = Tensor.Create([Channels, Depth],
            [.. Weights.Random(Channels * Depth, seed: 7).Select((number, i) => i / Depth % 4 == 0 ? number * 64 : number)]);
        var palettes = new PaletteSearch(weight, new ChannelGroups(weight, 0, null), 4).Find(hasFactors: true);

        Assert.That(palettes[0].Factors, Is.Not.Null);
        Assert.That(Hash(palettes[0].Codes, MemoryMarshal.AsBytes(palettes[0].Entries.AsSpan()), MemoryMarshal.AsBytes(palettes[0].Factors.AsSpan())),
            Is.EqualTo("A64D1FE59F72AC80"));
    }

    [Test]
    public void The_judge_of_gptq_and_its_codes_are_the_same_on_every_CPU_that_fuses()
    {
        if (!Fma.IsSupported && !AdvSimd.IsSupported)
            Assert.Ignore("Without fused multiplication and addition sums are rounded otherwise");
        using var quantized = WeightAlgorithm.RoundToNearest.Quantize(Weight, new WeightGrid(4, IsSymmetric: false), 32)!;
        var (inputs, gram) = (MatrixView.Of(Weights.Random(300 * Depth, seed: 8), 300, Depth), MatrixView.Of(new float[Depth * Depth], Depth, Depth));
        MatrixProduct.AddGram(gram, inputs);
        MatrixProduct.Mirror(gram);
        var before = new CodeJudge(Weight, gram.Elements).Errors(quantized);
        Gptq.Of(gram.Elements, Depth)!.Round(Weight, quantized);

        Assert.That(Hash(MemoryMarshal.AsBytes(before.AsSpan()), [], []), Is.EqualTo("143DF1D5101BDAD0"));
        Assert.That(Hash(quantized.Codes, [], []), Is.EqualTo("F6125A3AB0BF2FAB"));
    }

    /// <summary>Choices hang on them.</summary>
    [Test]
    public void Errors_that_a_size_budget_weighs_without_data_are_the_same_on_every_CPU()
    {
        var g = new GraphBuilder(opset: 17);
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 2, Depth), g.Weight("w", Tensor.Create([Depth, Channels], Weights.Random(Depth * Channels)))));
        var (weight, options) = (HalfWeights.Find(g.Build()).Single(), new QuantizeWeightsOptions { Bits = 4, BlockSize = 32 });
        var trial = new WeightTrial(weight, channelAxis: 1, [WeightAlgorithm.Find("mse")!], learned: null);
        var choice = trial.Relative([trial.Try(new WeightPlanner(options).Plan(weight, 17).Plan!, options)!])[0];

        Assert.That(Hash(MemoryMarshal.AsBytes<double>([choice.Local, choice.Error]), [], []), Is.EqualTo("F32753E48FD3C53C"));
    }

    private static WeightMatrix Weight => WeightMatrix.OfRows(Tensor.Create([Channels, Depth], Weights.Random(Channels * Depth, seed: 7)));

    private static string Hash(ReadOnlySpan<byte> codes, ReadOnlySpan<byte> scales, ReadOnlySpan<byte> zeroPoints) =>
        Convert.ToHexString(SHA256.HashData([.. codes, .. scales, .. zeroPoints]).AsSpan(0, 8));
}
