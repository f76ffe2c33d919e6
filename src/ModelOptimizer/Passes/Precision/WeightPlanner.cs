using System.Numerics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Decides how a weight is written: the operators that the model's opset has and the runtime makes fast, or the reason against.</summary>
/// <param name="upgradeProblem">Why the model can't have a newer opset; null where nobody asked.</param>
internal sealed class WeightPlanner(QuantizeWeightsOptions options, string? upgradeProblem = null)
{
    private const int SmallestBlock = 16;

    private const int DefaultBlock = 32;

    private const int DefaultBlock8 = 128;

    private readonly WeightGrid _grid = new(options.Bits, options.Symmetric);

    /// <summary>Of rows that are looked up and of weights for storage, which have no form of fewer than 8 bits.</summary>
    private readonly int _wholeBits = options.Bits > 4 ? options.Bits : 8;

    /// <returns>The plan, or why there is none.</returns>
    public (WeightPlan? Plan, string? Refusal) Plan(WeightCandidate weight, long opset)
    {
        if (TiedWeight.Of(weight) is { } tied)
            return PlanTied(tied, opset);
        if (weight.Uses.All(WeightSlots.IsLookup))
            return (PlanTable(weight), null);
        var kept = weight.Uses.Where(AttentionProjection.Is).Select(use => AttentionProjection.Refusal(use.User)).FirstOrDefault(why => why is not null);
        if (kept is null && weight.Uses.All(WeightSlots.IsLayer) && weight.Content.Dimensions.Length == 2)
            return PlanProduct(weight, opset);
        return options.Storage ? PlanStorage(weight, opset) : (null, kept ?? StorageOnly(weight));
    }

    private WeightPlan PlanTable(WeightCandidate weight) => HasFewBits && weight.Content.Dimensions is [_, var depth]
        && GatherBlockQuantizedLayout.Holds(depth, _grid)
            ? new WeightPlan(new BlockLookupForm(), _grid, ChannelAxis: 0, BlockOfRow(depth))
            : new WeightPlan(new LookupForm(), new WeightGrid(_wholeBits, true), ChannelAxis: 0);

    /// <summary>One table in blocks where lookups and products can read the same bytes, else rows of 8 bits.</summary>
    private (WeightPlan? Plan, string? Refusal) PlanTied(TiedWeight tied, long opset)
    {
        var depth = tied.Weight.Content.Dimensions[1];
        // Products read whole blocks only, and lookups no more than a row.
        var block = (int)Math.Min(BlockOfRow(depth), depth & -depth);
        if (HasFewBits && block >= SmallestBlock && (!options.PerChannel || block == depth))
            return (new WeightPlan(new TiedBlocksForm(tied), _grid, ChannelAxis: 0, block), null);
        return NeedsContrib(opset) && options.Format == WeightFormat.Standard
            ? (null, $"{TooOld("8-bit rows", opset, StandardOpset.PerChannel)}; use format: contrib")
            : (new WeightPlan(new TiedForm(tied, NeedsContrib(opset)), new WeightGrid(_wholeBits, true), ChannelAxis: 0), null);
    }

    /// <summary>Whether ONNX Runtime's own DequantizeLinear takes the place of the standard's with a scale for each channel.</summary>
    private bool NeedsContrib(long opset) => options.Format == WeightFormat.Contrib || opset < StandardOpset.PerChannel;

    /// <summary>Whether tables are stored in fewer than 8 bits, for which the standard has no lookup.</summary>
    private bool HasFewBits => _grid.StorageBits < 8 && options.Format != WeightFormat.Standard;

    private int BlockOfRow(long depth) => options.PerChannel
        ? (int)Math.Max(SmallestBlock, BitOperations.RoundUpToPowerOf2((ulong)depth))
        : BlockSize(depth);

    private (WeightPlan? Plan, string? Refusal) PlanProduct(WeightCandidate weight, long opset)
    {
        var axes = weight.Uses.Select(use => WeightSlots.ChannelAxis(use, rank: 2)).Distinct().ToList();
        if (axes.Count > 1)
            return (null, "some nodes read it transposed, others don't");
        var (axis, depth) = (axes[0], weight.Content.Dimensions[1 - axes[0]]);
        if (options.PerChannel)
            return PlanPerChannel(weight, axis, opset);
        var perChannelProblem = StandardProblem(weight, opset, perChannel: true);
        if (options is { BlockSize: null, Bits: 8 } && perChannelProblem is null && options.Format != WeightFormat.Contrib)
            return (new WeightPlan(new DequantizeLinearForm(contrib: false), _grid, axis), null);
        return PlanBlocks(weight, axis, BlockSize(depth), opset);
    }

    private (WeightPlan? Plan, string? Refusal) PlanPerChannel(WeightCandidate weight, int axis, long opset)
    {
        var problem = StandardProblem(weight, opset, perChannel: true);
        if (problem is null && options.Format != WeightFormat.Contrib)
            return (new WeightPlan(new DequantizeLinearForm(contrib: false), _grid, axis), null);
        if (options.Format == WeightFormat.Standard)
            return (null, $"{problem}; use format: contrib");
        if (_grid.StorageBits == 2)
            return (null, $"{problem ?? "com.microsoft.DequantizeLinear has no 2-bit weights"}; give a block-size instead of per-channel");
        return SharingProblem(weight) is { } shared
            ? (null, $"{shared}; give a block-size instead of per-channel")
            : (new WeightPlan(new DequantizeLinearForm(contrib: true), _grid, axis), null);
    }

    private (WeightPlan? Plan, string? Refusal) PlanBlocks(WeightCandidate weight, int axis, int blockSize, long opset)
    {
        var problem = StandardProblem(weight, opset, perChannel: false);
        if (problem is null && options.Format != WeightFormat.Contrib)
            return (new WeightPlan(new DequantizeLinearForm(contrib: false), _grid, axis, blockSize), null);
        return options.Format == WeightFormat.Standard
            ? (null, $"{problem}; use format: contrib")
            : (new WeightPlan(new MatMulNBitsForm(), _grid, axis, blockSize), null);
    }

    private (WeightPlan? Plan, string? Refusal) PlanStorage(WeightCandidate weight, long opset)
    {
        if (HalfWeights.Is(weight))
            return (null, $"it is {weight.Content.ElementType.ToOnnxName()} already; 8 bits would become float32 at every run");
        var slot = weight.Uses.First(WeightSlots.IsWeight);
        var axis = WeightSlots.ChannelAxis(slot, weight.Content.Dimensions.Length);
        var contrib = NeedsContrib(opset);
        if (contrib && options.Format == WeightFormat.Standard)
            return (null, $"{TooOld("8-bit weights", opset, StandardOpset.PerChannel)}; use format: contrib");
        return (new WeightPlan(new StorageForm(axis, contrib), _grid with { Bits = _wholeBits }, axis), null);
    }

    /// <summary>Why DequantizeLinear of the standard can't be used; null when it can.</summary>
    private string? StandardProblem(WeightCandidate weight, long opset, bool perChannel)
    {
        var needed = _grid.StorageBits switch
        {
            2 => StandardOpset.TwoBits,
            4 => StandardOpset.Blocked,
            _ => perChannel ? StandardOpset.PerChannel : StandardOpset.Blocked,
        };
        var what = $"{_grid.StorageBits}-bit weights{(needed == StandardOpset.Blocked && _grid.StorageBits == 8 ? " in blocks" : "")}";
        return opset < needed ? TooOld(what, opset, needed) : SharingProblem(weight);
    }

    private string TooOld(string what, long opset, long needed) =>
        $"DequantizeLinear of {what} exists from opset {needed} on, the model is at {opset}{(upgradeProblem is null ? "" : $". {upgradeProblem}")}";

    private static string? SharingProblem(WeightCandidate weight) => weight.OnlyUser is not null
        ? null
        : $"{weight.Uses.Count} nodes share it, and the runtime fuses DequantizeLinear with a single reader only";

    /// <summary>The size asked for, no larger than a short depth needs: the kernels fill up partial blocks.</summary>
    private int BlockSize(long depth)
    {
        var wanted = options.BlockSize ?? (_grid.StorageBits == 8 ? DefaultBlock8 : DefaultBlock);
        return (int)Math.Clamp(BitOperations.RoundUpToPowerOf2((ulong)depth), SmallestBlock, (ulong)wanted);
    }

    private static string StorageOnly(WeightCandidate weight)
    {
        if (weight.Uses.FirstOrDefault(use => !WeightSlots.IsWeight(use)) is { } other)
            return $"{WeightSlots.Reader(other)} reads it too, as floats";
        var use = weight.Uses.First(use => !WeightSlots.IsProduct(use) || weight.Content.Dimensions.Length != 2);
        return $"the runtime has no n-bit kernel for {Kind(use, weight.Content.Dimensions.Length)} and would turn the weight back into floats " +
            $"at every run; storage: true accepts that for a smaller file{BeforeFusion(use, weight.Content.Dimensions.Length)}";
    }

    /// <summary>The way out where an optimizer took the place of an operator that has a form.</summary>
    private static string BeforeFusion(Use use, int rank) => rank == 2 && WeightSlots.OperatorBeforeFusion(use) is { } plain
        ? $". A plain {plain} has one: quantize the model before ort-optimize or another tool fuses it"
        : "";

    private static string Kind(Use use, int rank) => use.User.OpType switch
    {
        "MatMul" or "Gemm" when use.Index == 0 => $"a constant left operand of {use.User.OpType}",
        "MatMul" => $"a stack of matrices of rank {rank}",
        "Gather" => "a lookup along another axis than the first, or one shared with other operators",
        _ => use.User.OpType,
    };
}
