using NUnit.Framework;

namespace ModelOptimizer.Testing;

/// <summary>
/// Compares text with a file that was once looked at and accepted: <c>Golden/CLASS.TEST.txt</c> in the test's project.
/// To accept a change, run the test with the environment variable <c>ACCEPT_GOLDEN=1</c> and review the diff like code.
/// </summary>
public static class Golden
{
    private static bool Accepts => Environment.GetEnvironmentVariable("ACCEPT_GOLDEN") == "1";

    /// <param name="actual">The text; line endings don't matter.</param>
    /// <param name="name">The file's name when a test has several; by default class and test.</param>
    public static void Verify(string actual, string? name = null)
    {
        var text = actual.ReplaceLineEndings("\n").TrimEnd() + "\n";
        var path = PathOf(name ?? DefaultName());
        if (Accepts)
            Accept(path, text);
        if (!File.Exists(path))
            Assert.Fail($"There is no golden file {RelativeTo(path)} yet; run with ACCEPT_GOLDEN=1 to accept:\n{text}");
        var expected = File.ReadAllText(path).ReplaceLineEndings("\n");
        Assert.That(text, Is.EqualTo(expected), $"{RelativeTo(path)} differs; run with ACCEPT_GOLDEN=1 to accept the new text");
    }

    private static void Accept(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private static string DefaultName()
    {
        var test = TestContext.CurrentContext.Test;
        return $"{test.ClassName!.Split('.')[^1]}.{test.MethodName}";
    }

    private static string PathOf(string name) =>
        Path.Combine(Repository.Root, "tests", TestContext.CurrentContext.Test.Type!.Assembly.GetName().Name!, "Golden", name + ".txt");

    private static string RelativeTo(string path) => Path.GetRelativePath(Repository.Root, path);
}
