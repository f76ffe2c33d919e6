namespace ModelOptimizer.Evaluation;

/// <summary>Things that go together, however far one came in opening them.</summary>
internal sealed class Disposables<T> : List<T>, IDisposable
    where T : IDisposable
{
    public void Dispose() => ForEach(item => item.Dispose());
}
