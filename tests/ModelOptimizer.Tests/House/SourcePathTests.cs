using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.House;

/// <summary>Continuous integration compiles deterministically: the compiler then writes <c>/_/</c> for the folder of the checkout.</summary>
public sealed class SourcePathTests
{
    // In two parts, so that this file does not name it.
    private const string CallerPath = "CallerFile" + "Path";

    [TestCase("src")]
    [TestCase("tests")]
    public void No_code_looks_for_files_where_the_compiler_saw_it(string folder)
    {
        var looking = Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains(CallerPath, StringComparison.Ordinal));

        Assert.That(looking, Is.Empty);
    }
}
