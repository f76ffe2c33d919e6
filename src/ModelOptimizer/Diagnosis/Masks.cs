namespace ModelOptimizer.Diagnosis;

/// <summary>Tells masked scores from others: behind a Softmax, how far below the others they are does not matter.</summary>
internal static class Masks
{
    /// <summary>Scores from here on down are a mask's.</summary>
    private const double Masked = -1e3;

    /// <summary>Scores below this are as good as masked: e⁻⁵⁰ is nothing in a sum of floats.</summary>
    private const double Vanishing = -50;

    /// <summary>Whether a score is masked, and still is in the form that stands for it.</summary>
    public static bool AreBoth(double original, double candidate) => original <= Masked && candidate < Vanishing;
}
