using System.IO.Hashing;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Compares an archive entry's checksum once its last byte was read: stored entries give no other sign of corruption.</summary>
internal sealed class ChecksummedStream(Stream inner, long length, uint expected) : ReadOnlyStream
{
    private readonly Crc32 _checksum = new();
    private long _left = length;

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

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
