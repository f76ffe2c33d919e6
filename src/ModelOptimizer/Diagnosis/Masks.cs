using ModelOptimizer.Onnx;

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

    /// <summary>
    /// Whether a value is made of scores or of a mask for them: all that reads it is a Softmax, with nothing but sums and moves between. Of any other
    /// value large negative numbers count like all numbers.
    /// </summary>
    public static bool VanishBehind(Value value)
    {
        var (open, seen) = (new Stack<Value>([value]), new HashSet<Value>([value]));
        while (open.TryPop(out var next))
        {
            if (next.Uses.Count == 0)
                return false;
            foreach (var use in next.Uses.Where(use => !IsEnd(use)))
                if (!IsPassed(use))
                    return false;
                else
                    foreach (var made in use.User.Outputs.OfType<Value>().Where(seen.Add))
                        open.Push(made);
        }
        return true;
    }

    /// <summary>Inputs of which vanishing scores leave nothing: those of Softmax, alone or written out, and masks of whole attentions.</summary>
    private static bool IsEnd(Use use) => use.User.OpType switch
    {
        "Softmax" or "BiasSoftmax" or "Exp" or "ReduceMax" => true,
        "Attention" => use.Index is 3 or 5,
        "MultiHeadAttention" => use.Index is 4 or 5,
        _ => false,
    };

    private static bool IsPassed(Use use) => use.User.OpType switch
    {
        "Add" or "Cast" or "Concat" or "Expand" or "Flatten" or "Identity" or "Max" or "Reshape" or "Slice" or "Split" or "Squeeze" or "Transpose" or "Unsqueeze" => true,
        "Sub" => use.Index == 0,
        "Where" => use.Index > 0,
        _ => false,
    };
}
