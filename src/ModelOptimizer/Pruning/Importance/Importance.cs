namespace ModelOptimizer.Pruning;

/// <summary>By what the channels that go are chosen.</summary>
public enum PruningImportance
{
    /// <summary>Squares of the weights that make and read a channel: no data.</summary>
    L2,

    /// <summary>
    /// Squares of the weights that read a channel times its mean square on calibration data (after Wanda: Sun et al., arXiv 2306.11695).
    /// </summary>
    Activation,

    /// <summary>
    /// What outputs of the next layers miss when the others make up for a channel as well as they can, one channel after the other (optimal brain
    /// surgery: Hassibi and Stork, NIPS 1992; for structures Kurtic et al., "ZipLM", arXiv 2302.04089).
    /// </summary>
    Reconstruction,

    /// <summary>What outputs of the model miss without a channel, measured on calibration data.</summary>
    Loss,
}
