using System.Runtime.CompilerServices;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Onnx.Tests;

/// <summary>What the optimizer makes of large models lies in scratch files.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ScratchTests : IDisposable
{
    private const int Length = 100_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Only_what_exceeds_the_memory_allowed_is_put_aside()
    {
        var scratch = new ScratchSpace(inMemory: 2 * Length);
        var (first, second, third, small) = (Bytes(1), Bytes(2), Bytes(3), Tensor.Create([2], 1f, 2f));

        Assert.That(scratch.Keep(first), Is.SameAs(first));
        Assert.That(scratch.Keep(second), Is.SameAs(second));
        Assert.That(scratch.Keep(third), Is.TypeOf<ScratchTensor>());
        Assert.That(scratch.Keep(small), Is.SameAs(small), "a file gains nothing by it");
    }

    [Test]
    public void Tensors_put_aside_are_the_same_tensors()
    {
        var scratch = new ScratchSpace(inMemory: 0);
        var floats = Tensor.Create([5, 10_000], [.. Enumerable.Range(0, 50_000).Select(i => i / 3f)]);
        Tensor[] made = [Bytes(1), floats, Bytes(2)];
        var kept = made.Select(scratch.Keep).ToList();

        foreach (var (before, after) in made.Zip(kept))
        {
            Assert.That(after.Type, Is.EqualTo(before.Type));
            Assert.That(after.Bytes.SequenceEqual(before.Bytes));
            Assert.That(after.ToProto("t"), Is.EqualTo(before.ToProto("t")));
            Assert.That(Written(after), Is.EqualTo(Written(before)));
        }
        Assert.That(kept[1].AsSpan<float>().SequenceEqual(floats.AsSpan<float>()));
    }

    [Test]
    public void Native_code_reads_them_in_the_file()
    {
        var scratch = new ScratchSpace(inMemory: 0);
        Tensor[] made = [Odd(1), Odd(2), Odd(3)];
        foreach (var (kept, before) in made.Select(scratch.Keep).Zip(made).ToList())
        {
            using var pin = kept.InPlace!.Value.Pin();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            kept.LetGo();
            unsafe
            {
                Assert.That((long)pin.Pointer % 64, Is.Zero);
                Assert.That(new ReadOnlySpan<byte>(pin.Pointer, (int)kept.ByteCount).SequenceEqual(before.Bytes));
            }
        }

        static Tensor Odd(byte value) => Tensor.Create(DataType.UInt8, [Length + 1], [.. Enumerable.Repeat(value, Length + 1)]);
    }

    [Test]
    public void Their_memory_is_free()
    {
        var (kept, memory) = Keep();
        GC.Collect();

        Assert.That(memory.IsAlive, Is.False);
        Assert.That(kept.Bytes.SequenceEqual(Bytes(7).Bytes));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static (Tensor Kept, WeakReference Memory) Keep()
        {
            var elements = Bytes(7).Bytes.ToArray();
            return (new ScratchSpace(inMemory: 0).Keep(Tensor.Create(DataType.UInt8, [Length], elements)), new WeakReference(elements));
        }
    }

    [TestCase(ExternalDataMode.Always)]
    [TestCase(ExternalDataMode.Never)]
    public void A_model_is_saved_as_from_memory(ExternalDataMode mode)
    {
        Save("memory", long.MaxValue);
        Save("scratch", 0);

        Assert.That(Directory.EnumerateFiles(_folder["memory"]).Count(), Is.EqualTo(mode == ExternalDataMode.Always ? 2 : 1));
        foreach (var file in Directory.EnumerateFiles(_folder["memory"]))
            Assert.That(File.ReadAllBytes(Path.Combine(_folder["scratch"], Path.GetFileName(file))), Is.EqualTo(File.ReadAllBytes(file)));

        void Save(string folder, long inMemory)
        {
            var model = OnnxModel.Create(irVersion: 10, new Dictionary<string, long> { [""] = 21 });
            model.Scratch = new ScratchSpace(inMemory);
            foreach (var seed in Enumerable.Range(1, 3))
                model.Graph.AddOutput($"y{seed}", model.Graph.AddInitializer($"w{seed}", model.PutAside(Bytes(seed))));
            ModelWriter.Save(model.Clone(), Path.Combine(_folder[folder], "m.onnx"), new SaveOptions { ExternalData = mode });
        }
    }

    /// <summary>A threshold, or a disk that is full, must not show in a file.</summary>
    [TestCase(0)]
    [TestCase(Length)]
    [TestCase(2 * Length)]
    [TestCase(long.MaxValue)]
    public void Values_with_one_tensor_share_their_bytes_wherever_they_lie(long inMemory)
    {
        var model = OnnxModel.Create(irVersion: 10, new Dictionary<string, long> { [""] = 21 });
        model.Scratch = new ScratchSpace(inMemory);
        var (shared, other) = (Bytes(1), Bytes(2));
        foreach (var (name, tensor) in new[] { ("a", shared), ("b", other), ("c", shared) })
            model.Graph.AddOutput($"y_{name}", model.Graph.AddInitializer(name, model.PutAside(tensor)));
        // Passes that know nothing of scratch files add constants, too.
        model.Graph.AddOutput("y_d", model.Graph.AddInitializer("d", shared));
        var files = ModelWriter.Save(model, Path.Combine(_folder["m"], "m.onnx"), new SaveOptions { ExternalData = ExternalDataMode.Always });

        var data = File.ReadAllBytes(files[1]);
        Assert.That(data, Has.Length.InRange(2 * Length, 2 * Length + 4096));
        Assert.That(data.AsSpan(0, Length).SequenceEqual(shared.Bytes));
        Assert.That(data.AsSpan(data.Length - Length).SequenceEqual(other.Bytes));
    }

    [Test]
    public void Nothing_is_written_twice()
    {
        var (scratch, tensor) = (new ScratchSpace(inMemory: 0), Bytes(1));

        Assert.That(scratch.Keep(tensor), Is.SameAs(scratch.Keep(tensor)));
        Assert.That(scratch.HeldTwice, Is.EqualTo(1), "this test holds it");
        GC.KeepAlive(tensor);
    }

    [Test]
    public void What_stays_in_memory_counts_once()
    {
        var (scratch, tensor) = (new ScratchSpace(inMemory: 2 * Length), Bytes(1));
        for (var i = 0; i < 10; i++)
            Assert.That(scratch.Keep(tensor), Is.SameAs(tensor));

        var other = Bytes(2);
        Assert.That(scratch.Keep(other), Is.SameAs(other));
    }

    [Test]
    public void Many_threads_at_once_read_the_file_once()
    {
        var kept = Scratch.PutAside(Bytes(3), out var reads);
        using var start = new Barrier(8);
        var right = 0;
        Thread[] threads = [.. Enumerable.Range(0, 8).Select(_ => new Thread(() =>
        {
            start.SignalAndWait();
            if (kept.Bytes.SequenceEqual(Bytes(3).Bytes))
                Interlocked.Increment(ref right);
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        Assert.That(right, Is.EqualTo(8));
        Assert.That(reads(), Is.EqualTo(1));
    }

    [Test]
    public void What_is_held_is_read_once()
    {
        var kept = Scratch.PutAside(Bytes(3), out var reads);
        using (kept.Hold())
            for (var i = 0; i < 3; i++)
            {
                GC.Collect();
                _ = kept.Bytes;
            }

        Assert.That(reads(), Is.EqualTo(1));
    }

    private static Tensor Bytes(int seed)
    {
        var bytes = new byte[Length];
        new Random(seed).NextBytes(bytes);
        return Tensor.Create(DataType.UInt8, [Length], bytes);
    }

    private static byte[] Written(Tensor tensor)
    {
        using var stream = new MemoryStream();
        tensor.CopyTo(stream);
        return stream.ToArray();
    }
}
