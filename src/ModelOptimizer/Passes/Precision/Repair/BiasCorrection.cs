using System.Globalization;
using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Mixed;

namespace ModelOptimizer.Passes;

/// <summary>
/// Puts into biases what quantization shifts the mean of a layer's outputs by, channel by channel:
/// <code>
/// b ← b + E[W·x + b − Q(W)·Q(x) − Q(b)]
/// </code>
/// x is what the layer would read had nothing been rounded since the products before it, so that it also makes up for what rounding shifts between
/// them; what these products shift is theirs to correct. The second round sees what the first one did.
/// </summary>
/// <remarks>
/// It goes into an int32 bias, a float one, an Add behind the product, or a bias that a Conv or Gemm had none of; a MatMul without any gets no
/// further node. With x as it is rounded, and in one round, ocr-det went from 13.8 dB to 12.6 instead of 16.5.
/// </remarks>
/// <param name="refuse">Told of layers that stay as they are, and why; null where nobody asked.</param>
internal sealed class BiasCorrection(
    ValuePairs values, IReadOnlyList<QuantizedProduct> products, PassContext context, Action<Node, string>? refuse = null)
{
    public const int Rounds = 2;

    private readonly ValueNames _names = new(values.Original);
    private readonly List<Value> _released = [];

    /// <param name="rounds">How many at most, of <see cref="Rounds"/>.</param>
    /// <exception cref="Diagnostics.DiagnosticException">The data is missing or does not fit.</exception>
    public void Run(LearnedShifts shifts, int rounds = Rounds)
    {
        for (var round = 0; round < rounds && !context.IsDone; round++)
            Correct(shifts, round);
        ConstantValues.RemoveUnused(_released);
    }

    private void Correct(LearnedShifts shifts, int round)
    {
        context.InferTypes();
        var probe = new ModelCopy(context.Model);
        var path = new UnroundedPath(probe);
        var differences = new Dictionary<Value, (QuantizedProduct Product, BiasPlace Place)>();
        foreach (var product in products)
            if (BiasPlace.Of(product) is var (place, refusal) && place is null)
                Refuse(product, refusal!, round);
            else
                differences[Difference(product, place, path, probe)] = (product, place);
        var seen = shifts.Of(round, probe.Model, differences.ToDictionary(pair => pair.Key,
            pair => (-1 - pair.Value.Product.Original.OutputAxis, _names[pair.Value.Product.Original.Node.Output()])));
        foreach (var (value, (product, place)) in differences)
            if (Correct(product, place, seen.GetValueOrDefault(value)) is { } refusal)
                Refuse(product, refusal, round);
    }

    private void Refuse(QuantizedProduct product, string why, int round)
    {
        if (round == 0)
            refuse?.Invoke(product.Node, why);
    }

    /// <summary>Lets the probe compute the layer in floats too, on what it would read unrounded.</summary>
    /// <returns>The float output less the quantized one.</returns>
    private Value Difference(QuantizedProduct product, BiasPlace place, UnroundedPath path, ModelCopy probe)
    {
        var (original, output) = (product.Original.Node, (Value)probe.CopyOf(place.Behind?.Output() ?? product.Output));
        var read = values.Now(original.Input(0)!) is { Type.ElementType: DataType.Float } same ? same : product.Node.Input(0)!;
        var twin = Copy(original, original.Input(0)!, path.Of(read), output.Producer!);
        if (place.Behind is not null)
            twin = Copy(BiasPlace.SumBehind(original.Output())!, original.Output(), twin, twin.Producer!);
        var difference = output.Graph.InsertAfter(twin.Producer!, "Sub", [twin, output]).Output();
        difference.Name = output.Name;
        return difference;
    }

    /// <summary>The same node over other data, near what it is held against; its other operands are constants.</summary>
    private static Value Copy(Node node, Value data, Value other, Node after) => after.Graph!.InsertCopyAfter(after, node,
        [.. node.Inputs.Select(input => input == data ? other : input is null ? null : after.Graph!.AddConstant(input.Name, input.Constant!))]).Output();

    /// <returns>Why it stays as it is, or null.</returns>
    private string? Correct(QuantizedProduct product, BiasPlace place, ChannelMoments? shift)
    {
        if (shift is null)
            return "the calibration data never computes it, or not all of its outputs are finite";
        var means = shift.SignificantMeans();
        if (!place.Changes(means))
            return "its mean outputs are where they were";
        if (context.Rewriting(Words(shift), product.Node))
            _released.AddRange(place.Add(means, context.Model));
        return null;
    }

    private static string Words(ChannelMoments shift) =>
        string.Create(CultureInfo.InvariantCulture, $"correct the bias, which makes {100 * shift.Share:0.#}% of the squared error, of");
}
