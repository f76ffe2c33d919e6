namespace ModelOptimizer.Passes;

/// <summary>How one pass spent a size budget on the weights.</summary>
/// <param name="Budget">Bytes that the model's files may take.</param>
/// <param name="Bytes">Bytes that they take as the pass left the model.</param>
/// <param name="OtherBytes">Those of them that are no weights with a choice.</param>
/// <param name="Measure">What the errors are, in words.</param>
/// <param name="Error">What the choices add up to.</param>
/// <param name="Gap">
/// The share of <paramref name="Error"/> that other choices could save at most whose sizes fit the budget as they are estimated.
/// </param>
/// <param name="Curve">The least error at other sizes.</param>
/// <param name="Smaller">What a budget a step smaller would cost; null where nothing smaller is reached.</param>
/// <param name="Larger">What a step more would save; null where there is nothing to save.</param>
/// <param name="Tried">What answers were held against each other by; empty without data.</param>
/// <param name="Weights">Every weight that had a choice.</param>
public sealed record SizeOutcome(
    string Pass, long Budget, long Bytes, long OtherBytes, string Measure, double Error, double Gap, IReadOnlyList<ErrorAtSize> Curve,
    ErrorAtSize? Smaller, ErrorAtSize? Larger, IReadOnlyList<TriedChoices> Tried, IReadOnlyList<WeightOutcome> Weights);

/// <param name="Error">The least error that choices of this size add up to.</param>
public sealed record ErrorAtSize(long Bytes, double Error);

/// <param name="Name">Chosen for each weight, or one setting for all.</param>
/// <param name="Noise">Noise over signal, the mean of the outputs.</param>
/// <param name="Samples">Runs that it was measured on.</param>
/// <param name="HeldOut">Whether those samples had no part in the choice, as is so of 4 calibration samples on.</param>
public sealed record TriedChoices(string Name, long Bytes, double Noise, int Samples, bool HeldOut, bool Taken);

/// <param name="Form">How it is stored, and how its codes are chosen.</param>
/// <param name="Bits">Of a code; 32 or 16 for floats.</param>
/// <param name="Share">Its share of the error.</param>
public sealed record WeightOutcome(string Weight, string Form, int Bits, long BytesBefore, long Bytes, double Share);
