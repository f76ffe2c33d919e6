using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// The bits of weights that the profile treats apart: what errors in the first and the last layers do is not made good by others, and an LM head or a
/// table is often the largest weight of all.
/// </summary>
internal sealed class WeightPolicy(QuantizeWeightsOptions options, OnnxModel model)
{
    /// <summary>Bits of a weight that stays as it is.</summary>
    public const int Keep = 32;

    // Weights that are written change their neighbours' places: all are looked at before.
    private readonly WeightRoles? _roles = options is { LmHeadBits: null, EmbeddingBits: null, FirstLastBits: null } ? null : new WeightRoles(model);

    /// <summary>The bits of a weight.</summary>
    public int BitsOf(WeightCandidate weight) => Rule(weight)?.Bits ?? options.Bits;

    /// <summary>The bits that an option gives to this very weight; null where none does.</summary>
    public int? Given(WeightCandidate weight) => Rule(weight)?.Bits;

    /// <summary>Why the weight stays as it is; null when it doesn't.</summary>
    public string? Refusal(WeightCandidate weight) => Rule(weight) is { Bits: Keep } rule ? $"{rule.Option}: {Keep} keeps it" : null;

    /// <summary>Tells of options that no weight follows.</summary>
    /// <param name="algorithms">Those that a size budget chooses from; null for the one that the profile names.</param>
    public void Report(IDiagnosticSink diagnostics, IReadOnlyList<WeightAlgorithm>? algorithms = null)
    {
        TellOfGptq(diagnostics, algorithms ?? [options.Algorithm]);
        if (_roles is null)
            return;
        Tell(options.LmHeadBits, _roles.HasHead, "lm-head-bits", "no last product of the model gives each word of a vocabulary its score");
        Tell(options.EmbeddingBits, _roles.HasTables, "embedding-bits", "the model looks up rows of no table");
        Tell(options.FirstLastBits, _roles.HasFirstAndLast, "first-last-bits", "the model has no layers beside the LM head");

        void Tell(int? bits, bool isHeeded, string option, string why)
        {
            if (bits is not null && !isHeeded)
                diagnostics.Report(new Diagnostic(DiagnosticCatalog.OptionIdle, $"'{option}' of quantize-weights does nothing: {why}. Remove it; an "
                    + "entry of quantize-weights before this one gives weights that 'include: [NAME]' names bits of their own", options.Location));
        }
    }

    /// <summary>A budget takes gptq by itself, where there is data.</summary>
    private void TellOfGptq(IDiagnosticSink diagnostics, IReadOnlyList<WeightAlgorithm> algorithms)
    {
        if (algorithms.Any(algorithm => algorithm is GptqAlgorithm))
            return;
        var why = options.Budget is not null && options.Algorithm == WeightAlgorithm.RoundToNearest
            ? "under a size budget without calibration data, which alone lets it choose gptq: name data under 'calibration:'"
            : $"with the algorithm {options.Algorithm}: add 'algorithm: gptq'";
        Tell(options.GptqDamping is not null, "gptq-damping");
        Tell(options.ActivationOrder is not null, "activation-order");

        void Tell(bool isGiven, string option)
        {
            if (isGiven)
                diagnostics.Report(new Diagnostic(
                    DiagnosticCatalog.OptionIdle, $"'{option}' of quantize-weights does nothing {why}, or remove it", options.Location));
        }
    }

    /// <summary>A table that is also the LM head follows the option with more bits.</summary>
    private (int Bits, string Option)? Rule(WeightCandidate weight)
    {
        if (_roles is null)
            return null;
        var isHead = _roles.IsHead(weight.Value);
        var isTable = weight.Uses.Any(WeightSlots.IsLookup);
        var head = isHead && options.LmHeadBits is { } headBits ? (headBits, "lm-head-bits") : ((int Bits, string Option)?)null;
        var table = isTable && options.EmbeddingBits is { } tableBits ? (tableBits, "embedding-bits") : ((int Bits, string Option)?)null;
        if (head is not null || table is not null)
            return (table?.Bits ?? 0) > (head?.Bits ?? 0) ? table : head;
        return options.FirstLastBits is { } endBits && _roles.IsFirstOrLast(weight.Value) ? (endBits, "first-last-bits") : null;
    }
}
