using System.Reflection;
using System.Text.RegularExpressions;
using ModelOptimizer.Testing;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>The table of scenarios in <c>tests/README.md</c> promises only what is tested, and all of it.</summary>
public sealed partial class MatrixTests
{
    private static readonly string[] Promised =
        [.. Name().Matches(File.ReadAllText(Path.Combine(Repository.Root, "tests", "README.md"))).Select(match => match.Groups[1].Value).Distinct()];

    private static readonly string[] Tested = [.. typeof(MatrixTests).Assembly.GetTypes()
        .Where(type => type.GetCustomAttribute<CategoryAttribute>() is not null)
        .SelectMany(type => type.GetMethods().Where(IsTest).Select(method => $"{type.Name}.{method.Name}"))];

    [Test]
    public void Every_test_that_the_table_names_exists() => Assert.That(Promised.Except(Tested), Is.Empty);

    [Test]
    public void The_table_names_every_test_class() =>
        Assert.That(Tested.Select(ClassOf).Except(Promised.Select(ClassOf)).Except([nameof(SampleTests)]), Is.Empty);

    private static bool IsTest(MethodInfo method) => method.GetCustomAttributes().Any(attribute => attribute is TestAttribute or TestCaseAttribute);

    private static string ClassOf(string test) => test.Split('.')[0];

    [GeneratedRegex(@"`(\w+Tests\.\w+)`")]
    private static partial Regex Name();
}
