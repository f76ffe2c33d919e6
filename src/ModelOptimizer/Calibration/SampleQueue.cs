using System.Runtime.ExceptionServices;
using ModelOptimizer.Evaluation.Data;

namespace ModelOptimizer.Calibration;

/// <summary>
/// Hands samples out to several threads and lets each, when it is through, take its turn in the order of the samples. What fails, fails at its
/// turn, so that the same sample is blamed on any number of threads.
/// </summary>
internal sealed class SampleQueue(IEnumerable<Sample> samples, SlicedModel model, long ceiling, int threads, CancellationToken cancellation)
{
    private readonly Lock _lock = new();
    private readonly IEnumerator<Sample> _samples = samples.GetEnumerator();
    private readonly object _gate = new();
    private readonly GarbageLimit _garbage = new();
    private int _allowed = 1;
    private int _running;
    private int _handedOut;
    private int _turn;
    private bool _isOver;
    private ExceptionDispatchInfo? _failure;

    /// <summary>How many samples there were.</summary>
    public int Count => _turn;

    /// <param name="work">Done for each sample on some thread.</param>
    /// <param name="settle">Done with what came of it, in the order of the samples.</param>
    public void Run<T>(Func<Sample, T> work, Action<T> settle)
    {
        var helpers = Enumerable.Range(1, threads - 1).Select(_ => Task.Factory.StartNew(
            () => Loop(work, settle), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        Loop(work, settle);
        Task.WaitAll(helpers, CancellationToken.None);
        _samples.Dispose();
        _failure?.Throw();
    }

    private void Loop<T>(Func<Sample, T> work, Action<T> settle)
    {
        while (TryTake(out var sample, out var turn))
        {
            var result = default(T);
            ExceptionDispatchInfo? failure = null;
            try
            {
                result = work(sample);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
            TakeTurn(turn, failure, () => settle(result!));
        }
    }

    /// <summary>Reads the next sample once there is room for it.</summary>
    private bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Sample? sample, out int turn)
    {
        // One thread at a time waits for room: the others wait for it.
        lock (_lock)
            lock (_gate)
            {
                (sample, turn) = (null, _handedOut);
                WaitUntil(() => _running < Room);
                if (_isOver || _failure is not null)
                    return false;
                try
                {
                    cancellation.ThrowIfCancellationRequested();
                    if (!_samples.MoveNext())
                    {
                        _isOver = true;
                        return false;
                    }
                    sample = _samples.Current;
                    if (!model.Fits(sample))
                    {
                        WaitUntil(() => _running == 0);
                        _allowed = model.Fit(sample, ceiling, threads);
                    }
                }
                catch (Exception e)
                {
                    // Samples before this one may still fail: they come first.
                    WaitUntil(() => _running == 0);
                    _failure ??= ExceptionDispatchInfo.Capture(e);
                    return false;
                }
                _running++;
                _handedOut++;
                return true;
            }
    }

    private int Room => _handedOut > 0 && !model.IsMeasured ? 1 : _allowed;

    private void TakeTurn(int turn, ExceptionDispatchInfo? failure, Action settle)
    {
        lock (_gate)
        {
            WaitUntil(() => _turn == turn);
            try
            {
                _failure ??= failure;
                if (_failure is null)
                    settle();
            }
            catch (Exception e)
            {
                _failure = ExceptionDispatchInfo.Capture(e);
            }
            _garbage.Check();
            _turn++;
            _running--;
            Monitor.PulseAll(_gate);
        }
    }

    private void WaitUntil(Func<bool> condition)
    {
        while (!condition())
            Monitor.Wait(_gate);
    }
}
