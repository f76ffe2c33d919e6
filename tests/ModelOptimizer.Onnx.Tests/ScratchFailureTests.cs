using System.Runtime.Versioning;

namespace ModelOptimizer.Onnx.Tests;

/// <summary>Folders that take no scratch file: others may, and memory does.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ScratchFailureTests : IDisposable
{
    private const int Length = 1 << 20;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_full_disk_lets_the_next_folder_take_the_rest()
    {
        var scratch = new ScratchSpace(inMemory: 0, ["full", "free"], folder =>
            folder == "full" ? new FullFile(Root, room: 2) : ScratchFile.Create(Root));
        Tensor[] made = [Made(1), Made(2), Made(3), Made(4)];
        var kept = made.Select(scratch.Keep).ToList();

        Assert.That(kept, Is.All.TypeOf<ScratchTensor>());
        foreach (var (before, after) in made.Zip(kept))
            Assert.That(after.Bytes.SequenceEqual(before.Bytes));
        Assert.That(scratch.Problem, Is.Null, "all is well");
    }

    [Test]
    public void Where_no_folder_is_left_tensors_stay_in_memory_and_the_reason_is_known()
    {
        var tries = 0;
        var scratch = new ScratchSpace(inMemory: 0, ["full", Path.Combine(Root, "missing")], folder =>
        {
            tries++;
            return folder == "full" ? new FullFile(Root, room: 1) : ScratchFile.Create(folder);
        });
        Tensor[] made = [Made(1), Made(2), Made(3)];
        var kept = made.Select(scratch.Keep).ToList();

        Assert.That(kept[0], Is.TypeOf<ScratchTensor>());
        Assert.That(kept.Skip(1), Is.EqualTo(made.Skip(1)));
        Assert.That(kept[0].Bytes.SequenceEqual(made[0].Bytes), "what was written before stays");
        Assert.That(scratch.Problem, Is.EqualTo("2 MiB were made, and no more can be put aside in full (No space left on device) "
            + $"nor in {Path.Combine(Root, "missing")} (No such folder)"), "no name of a file, which no other run has");
        Assert.That(tries, Is.EqualTo(2), "nothing is tried again");
    }

    [Test, Platform("Unix"), UnsupportedOSPlatform("windows")]
    public void Nobody_else_may_read_the_file()
    {
        using var file = ScratchFile.Open(Root);

        Assert.That(File.GetUnixFileMode(file.SafeFileHandle), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.That(Directory.EnumerateFiles(Root), Is.Empty, "it has no name");
    }

    [Test, Platform("Linux")]
    public void Both_temporary_folders_are_tried() => Assert.That(ScratchFolders.Default,
        Is.EquivalentTo(new[] { "/var/tmp", Path.TrimEndingDirectorySeparator(Path.GetTempPath()) }.Distinct()));

    private string Root => Directory.CreateDirectory(_folder["root"]).FullName;

    private static Tensor Made(byte seed)
    {
        var bytes = new byte[Length];
        new Random(seed).NextBytes(bytes);
        return Tensor.Create(DataType.UInt8, [Length], bytes);
    }

    /// <summary>Has room for so many tensors.</summary>
    private sealed class FullFile(string folder, int room) : ScratchFile(Open(folder))
    {
        private int _room = room;

        public override long Append(ReadOnlySpan<byte> bytes) =>
            _room-- > 0 ? base.Append(bytes) : throw new IOException($"No space left on device : '{folder}/model-opt-1.scratch'");
    }
}
