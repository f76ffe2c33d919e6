using ModelOptimizer.Reporting;

namespace ModelOptimizer.Tests.Reporting;

internal sealed class SharedFileTests
{
    [Test]
    public void Only_a_file_that_another_has_open_is_waited_for()
    {
        var path = Path.GetTempFileName();
        using (new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.None))
            Assert.That(SharedFile.IsHeldByOthers(Assert.Throws<IOException>(() => new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.None))!),
                Is.True);
        File.Delete(path);

        const int DiskFull = 28, ReadOnly = 30;
        Assert.That(new[] { DiskFull, ReadOnly }.Select(code => SharedFile.IsHeldByOthers(new IOException("No", code))), Is.All.False);
    }

    [Test]
    public void What_many_append_at_once_stands_whole_and_behind_what_was_there()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var path = Path.Combine(folder.FullName, "new", "summary.md");
            SharedFile.Append(path, "first\n");

            Parallel.For(0, 40, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
                SharedFile.Append(path, new string((char)('a' + i % 26), 10_000) + "\n"));

            var lines = File.ReadAllLines(path);
            Assert.That(lines, Has.Length.EqualTo(41));
            Assert.That(lines[0], Is.EqualTo("first"));
            Assert.That(lines[1..], Is.All.Length.EqualTo(10_000).And.All.Matches<string>(line => line!.Distinct().Count() == 1));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
