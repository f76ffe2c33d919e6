using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>A node whose constants are fitted anew so that it makes of what it reads in a pruned model what it made in the original.</summary>
internal interface IRefit
{
    Node Node { get; }

    /// <summary>What it reads in the pruned model.</summary>
    RowView Input(long samples);

    /// <summary>What of the original it should come close to; the value is the pruned model's of that name.</summary>
    RowView Target(long samples);

    /// <summary>What is added to its result in the pruned model before that is held against the target; null for nothing.</summary>
    RowView? Skip(long samples);

    /// <summary>The axis of the target's channels; negative from the end.</summary>
    int TargetAxis { get; }

    /// <summary>Elements of a row of the target that are one channel.</summary>
    int PlacesOfChannel { get; }

    /// <summary>Constants that a fit changes, where fewer rows than inputs make it change little; 0 where rows are always enough.</summary>
    int Inputs { get; }

    /// <summary>Fits, and writes where that is better on the rows that judge.</summary>
    /// <param name="rows">They are changed.</param>
    /// <param name="buffers">Where large arrays come from, and go to.</param>
    /// <param name="announce">Asked before the change, with the change in words; no means no change.</param>
    /// <returns>Why the node stays as it is; null when it changed.</returns>
    string? Fit(RefitRows rows, OnnxModel model, FloatBuffers buffers, Func<string, bool> announce);
}
