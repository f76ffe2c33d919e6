namespace ModelOptimizer.Caching;

/// <summary>The body of a response: whoever reads it waits for a while, not for ever, and a broken connection is told from a full disk.</summary>
/// <param name="patience">How long to wait for more of it.</param>
/// <param name="whole">How long, from now, until all of it must be there.</param>
internal sealed class PatientStream(Stream inner, TimeSpan patience, TimeSpan whole, CancellationToken cancellation) : ReadOnlyStream
{
    private readonly CancellationTokenSource _end = new(whole);

    public override int Read(byte[] buffer, int offset, int count)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _end.Token);
        limit.CancelAfter(patience);
        try
        {
            // What is there already is read without a look at the time.
            limit.Token.ThrowIfCancellationRequested();
            return inner.ReadAsync(buffer.AsMemory(offset, count), limit.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new HttpRequestException(_end.IsCancellationRequested
                ? $"it sent less than it should in {whole.TotalSeconds:0} seconds"
                : $"it sent nothing for {patience.TotalSeconds:0} seconds");
        }
        catch (IOException e)
        {
            throw new HttpRequestException(e.Message, e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            _end.Dispose();
        }
        base.Dispose(disposing);
    }
}
