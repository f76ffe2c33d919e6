using System.Globalization;
using System.Numerics.Tensors;

namespace ModelOptimizer.Quantization;

/// <summary>What float16 would make of numbers: how large they are, and how much of them rounding takes away.</summary>
internal sealed class HalfRounding
{
    /// <summary>The largest float16.</summary>
    public const double Largest = 65504;

    /// <summary>Signal-to-noise ratio below which a tensor has lost its numbers: those of normal size keep about 73 dB.</summary>
    private const double LeastSqnr = 40;

    private const int Chunk = 4096;

    private double _signal;
    private double _noise;

    /// <summary>The largest finite magnitude.</summary>
    public double Peak { get; private set; }

    /// <summary>How many numbers other than zero become zero.</summary>
    public long Vanished { get; private set; }

    public static HalfRounding Of(ReadOnlySpan<float> numbers)
    {
        var rounding = new HalfRounding();
        rounding.Add(numbers);
        return rounding;
    }

    public void Add(ReadOnlySpan<float> numbers)
    {
        Span<Half> rounded = stackalloc Half[Chunk];
        for (var start = 0; start < numbers.Length; start += Chunk)
            Add(numbers.Slice(start, Math.Min(Chunk, numbers.Length - start)), rounded);
    }

    public void Add(HalfRounding other)
    {
        _signal += other._signal;
        _noise += other._noise;
        Peak = Math.Max(Peak, other.Peak);
        Vanished += other.Vanished;
    }

    /// <summary>Signal-to-noise ratio that rounding leaves, in dB.</summary>
    public double Sqnr => 10 * Math.Log10(_signal / _noise);

    /// <summary>What speaks against float16, in words; null when nothing does.</summary>
    /// <param name="headroom">How many times as large numbers may be that were not seen.</param>
    public string? Loss(double headroom = 1)
    {
        if (Peak * headroom > Largest)
            return Text($"reaches {Peak:g3}, and the largest float16 is {Largest}");
        return Sqnr < LeastSqnr ? Text($"is too small for float16, which would leave {Sqnr:0} dB of it") : null;
    }

    private void Add(ReadOnlySpan<float> numbers, Span<Half> rounded)
    {
        TensorPrimitives.ConvertToHalf(numbers, rounded);
        for (var i = 0; i < numbers.Length; i++)
            Add(numbers[i], (float)rounded[i]);
    }

    private void Add(double number, double rounded)
    {
        if (!double.IsFinite(number))
            return;
        Peak = Math.Max(Peak, Math.Abs(number));
        if (rounded == 0 && number != 0)
            Vanished++;
        if (!double.IsFinite(rounded))
            return;
        _signal += number * number;
        _noise += (number - rounded) * (number - rounded);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
