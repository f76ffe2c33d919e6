using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Stores constants in 16 bits with a Cast to float32 behind them, which the runtime folds when it loads the model.</summary>
internal sealed class HalfStorage(ConvertFloat16Options options, NodeSelector selector, HalfConstants constants, PassContext context)
{
    /// <summary>Opset from which Cast knows bfloat16.</summary>
    private const long BFloat16Opset = 13;

    private readonly List<string> _overflowing = [];

    /// <summary>Why weights stay for which Cast is too old.</summary>
    private string? _upgradeProblem;

    private string TypeName => constants.Type.ToOnnxName();

    public void Run()
    {
        if (constants.Type == DataType.BFloat16 && Candidates().Any(weight => Obstacle(weight) is null && IsTooOld(weight)))
            _upgradeProblem = UpgradeOpset.Raise([BFloat16Opset], context);
        foreach (var weight in Candidates())
        {
            if (context.IsDone)
                return;
            // What is 16 bits wide already is what this pass made, or as good.
            if (weight.Content.ElementType != constants.Type && Convert(weight) is { } refusal)
                context.RefuseWeight(weight.Name, weight.Content, refusal);
        }
        if (_overflowing.Count > 0)
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.Float16Overflow, Explain()));
    }

    private IEnumerable<WeightCandidate> Candidates() =>
        WeightCandidate.FindConstants(context.Model).Where(weight => weight.Content.ElementCount >= options.MinElements);

    private string? Obstacle(WeightCandidate weight) =>
        WeightGuards.Refusal(weight, selector, context.Opset(weight.Value.Graph)) ?? HalfPrecision.TooLarge(weight.Content);

    private bool IsTooOld(WeightCandidate weight) => context.Opset(weight.Value.Graph) < BFloat16Opset;

    /// <returns>Why the tensor stays as it is, or null.</returns>
    private string? Convert(WeightCandidate weight)
    {
        if (Obstacle(weight) is { } refusal)
            return refusal;
        if (constants.Type == DataType.BFloat16 && IsTooOld(weight))
            return Text($"Cast takes bfloat16 from opset {BFloat16Opset} on, and this is {context.Opset(weight.Value.Graph)}. {_upgradeProblem}");
        var scaled = constants.Scaled(weight.Content);
        var half = scaled.Rounded;
        if (half.HasNonFinite)
            return WeightGuards.NotFinite(weight, context);
        if (half.Overflows > 0)
        {
            _overflowing.Add(Text($"{weight.Name} ({half.Overflows} of {weight.Content.ElementCount} values)"));
            return Text($"{half.Overflows} of its values exceed {Largest}, the largest {TypeName}");
        }
        if (scaled.LosesNumbers)
            return Text($"{scaled.Lost} of its {weight.Content.ElementCount} values would become zero");
        constants.Store(weight, context);
        return null;
    }

    private string Largest => constants.Type == DataType.Float16 ? "65504" : "3.39e38";

    private string Explain() =>
        $"{_overflowing.Count} constants exceed the range of {TypeName} (±{Largest}) and stay float32: {string.Join(", ", _overflowing.Take(3))}"
        + $"{(_overflowing.Count > 3 ? ", …" : "")}. Where they only mask a Softmax, 'clamp-constants' before convert-float16 makes them fit";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
