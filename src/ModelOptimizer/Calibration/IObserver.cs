using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>
/// Learns something about one value, sample by sample: its range, a histogram, means of its channels. Each sample may be seen by an observer of
/// its own on another core; they are merged in the order of samples, so that the result never depends on the number of threads.
/// </summary>
/// <typeparam name="TSelf">The class itself.</typeparam>
public interface IObserver<in TSelf>
    where TSelf : IObserver<TSelf>
{
    /// <summary>
    /// True when the order of samples makes no difference to the last bit (counts, smallest and largest numbers; not sums of floats): then one
    /// observer sees all samples, one at a time in any order, and nothing is merged.
    /// </summary>
    bool IsOrderFree => false;

    /// <summary>Takes in the value of one run; of a value in a loop, once for each iteration.</summary>
    /// <param name="value">Any element type and shape; only valid during the call.</param>
    void Observe(Tensor value);

    /// <summary>Takes in the value of one run, knowing which.</summary>
    void Observe(Tensor value, Sample sample) => Observe(value);

    /// <summary>Takes in what another one learned from later samples.</summary>
    void Merge(TSelf later);
}
