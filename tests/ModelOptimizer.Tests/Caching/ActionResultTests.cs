using Google.Protobuf;
using ModelOptimizer.Caching.Protos;

namespace ModelOptimizer.Tests.Caching;

/// <summary>Servers check what they are given: the message must be the protocol's own, to the number.</summary>
internal sealed class ActionResultTests
{
    /// <summary>Numbers of fields, as the Remote Execution API has them: output_files 2 { path 1, digest 2 { hash 1, size_bytes 2 } }.</summary>
    [Test]
    public void Fields_have_the_numbers_of_the_protocol()
    {
        var result = new ActionResult { OutputFiles = { new OutputFile { Path = "m", Digest = new Digest { Hash = "ab", SizeBytes = 300 } } } };

        byte[] digest = [(1 << 3) | 2, 2, (byte)'a', (byte)'b', 2 << 3, 0xAC, 0x02];
        byte[] file = [(1 << 3) | 2, 1, (byte)'m', (2 << 3) | 2, (byte)digest.Length, .. digest];
        Assert.That(result.ToByteArray(), Is.EqualTo((byte[])[(2 << 3) | 2, (byte)file.Length, .. file]));
    }
}
