using System.IO.Hashing;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Compares an archive entry's checksum once its last byte was read: stored entries give no other sign of corruption.</summary>
internal sealed class ChecksummedStream(Stream inner, long length, uint expected) : Stream
{
    private readonly Crc32 _checksum = new();
    private long _left = length;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        var count = inner.Read(buffer);
        _checksum.Append(buffer[..count]);
        _left -= count;
        if (_left == 0 && _checksum.GetCurrentHashAsUInt32() != expected)
            throw new InvalidDataException("its checksum does not match: the file is corrupt");
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
        // Nothing is written.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
