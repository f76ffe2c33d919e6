using Microsoft.Build.Utilities;
using ModelOptimizer.Tool;

namespace ModelOptimizer.Tasks.Tests;

/// <summary>What the tasks spell, the tool's own parser must read.</summary>
public sealed class ArgumentsTests
{
    private const string Awkward = "/my models/ä@1/#x;y's.onnx";

    private static readonly TaskItem Model = new("my model.onnx", new Dictionary<string, string>
    {
        ["ModelName"] = "my model", ["Original"] = Awkward, ["Profile"] = Awkward, ["Optimized"] = Awkward, ["EmbedFolder"] = Awkward,
    });

    private static OptimizeModels Optimize => new()
    {
        Variables = ["Config=a b", " X = 1 "],
        Threads = "2",
        Cache = true,
        CacheFolder = Awkward,
        CacheSize = "1.5 GiB",
        CacheUrl = "https://cache/models",
        CachePush = true,
    };

    private static IEnumerable<TestCaseData> CommandLines =>
    [
        new TestCaseData(new PlanModels { Plan = Awkward + ".plan.json" }.Arguments()).SetArgDisplayNames("plan"),
        new TestCaseData(new PlanModels { Plan = Awkward + ".plan.json", ErrorLog = Awkward + ".sarif", SourceRoot = "/my models" }.Arguments())
            .SetArgDisplayNames("log of a plan"),
        new TestCaseData(Optimize.Arguments(Model)).SetArgDisplayNames("optimize"),
        new TestCaseData(new OptimizeModels { SummaryFile = Awkward + ".md", ErrorLog = Awkward + ".sarif",
            SourceRoot = "/my models" }.Arguments(Model)).SetArgDisplayNames("logs"),
        new TestCaseData(new EmbedModels
        {
            Plan = Awkward, WithAccessor = true, WithNullable = true, WithOnnxRuntime = true, WithDependencyInjection = true, OnnxRuntimeVersion = "1.20.1",
        }.Arguments(Model))
            .SetArgDisplayNames("embed"),
    ];

    [TestCaseSource(nameof(CommandLines))]
    public void The_tool_understands_what_a_task_writes(object arguments)
    {
        var parsed = Parse(((ToolArguments)arguments).Flag("--events", true).ToString());
        Assert.That(parsed.Errors, Is.Empty);
        Assert.That(parsed.Tokens.Select(token => token.Value), Is.SupersetOf(new[] { "--events" }));
        Assert.That(parsed.Tokens.Any(token => token.Value.StartsWith(Awkward, StringComparison.Ordinal)), Is.True);
    }

    [Test]
    public void Variables_are_passed_without_the_blanks_around_them() =>
        Assert.That(new OptimizeModels { Variables = [" X = a b "] }.Arguments(Model).ToString(), Does.EndWith("--set\n\"X=a b\"\n"));

    [Test]
    public void Each_model_has_a_log_of_its_own_told_relative_to_the_repository()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            folder.CreateSubdirectory(".git");
            var project = Path.Combine(folder.CreateSubdirectory("src/App").FullName, "App.csproj");

            var arguments = new OptimizeModels { ErrorLog = "/logs/models.sarif", ProjectFile = project }.Arguments(Model).ToString();

            Assert.That(arguments, Does.EndWith($"--sarif\n\"/logs/models.my model.sarif\"\n--source-root\n{folder.FullName}\n"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [TestCase("X")]
    [TestCase("=1")]
    public void A_variable_that_is_no_assignment_is_refused(string variable) =>
        Assert.That(() => new OptimizeModels { Variables = [variable] }.Arguments(Model),
            Throws.ArgumentException.With.Message.Contains("NAME=VALUE"));

    [TestCase("many")]
    [TestCase("0")]
    [TestCase("-1")]
    [TestCase("1.5")]
    public void A_number_of_threads_that_is_none_is_refused_by_the_property_s_name(string threads) =>
        Assert.That(() => new OptimizeModels { Threads = threads }.Arguments(Model),
            Throws.ArgumentException.With.Message.Contains($"ModelOptimizerThreads is '{threads}'"));

    [TestCase("", "")]
    [TestCase(" 2 ", "--threads\n2\n")]
    public void Threads_are_passed_when_they_are_set(string threads, string expected) =>
        Assert.That(new OptimizeModels { Threads = threads }.Arguments(Model).ToString(), Does.EndWith(expected));

    [TestCase("much")]
    [TestCase("0")]
    [TestCase("2 TiB")]
    public void A_size_that_is_none_is_refused_by_the_property_s_name(string size) =>
        Assert.That(() => new OptimizeModels { Cache = true, CacheSize = size }.Arguments(Model),
            Throws.ArgumentException.With.Message.Contains($"ModelOptimizerCacheSize is '{size}'"));

    [TestCase("2GiB")]
    [TestCase("0.5GiB")]
    [TestCase("500 MB")]
    [TestCase("10 kB")]
    [TestCase("7")]
    [TestCase("0.0GiB")]
    [TestCase("1.GiB")]
    [TestCase("-1GiB")]
    [TestCase("1 gib")]
    public void The_tool_takes_the_sizes_that_the_property_takes(string size)
    {
        var isTaken = Parse(new ToolArguments("cache", "trim", "--cache-size", size).ToString()).Errors.Count == 0;
        Assert.That(() => new OptimizeModels { Cache = true, CacheSize = size }.Arguments(Model), isTaken ? Throws.Nothing : Throws.ArgumentException);
    }

    [Test]
    public void A_password_is_not_taken_from_where_logs_show_it() =>
        Assert.That(() => new OptimizeModels { Cache = true, CacheUrl = "https://me:secret@cache/" }.Arguments(Model),
            Throws.ArgumentException.With.Message.Contains("MODELOPT_CACHE_URL").And.Message.Not.Contains("secret"));

    [Test]
    public void Without_a_cache_its_settings_are_not_passed() =>
        Assert.That(new OptimizeModels { CacheFolder = "/x", CacheSize = "1GB" }.Arguments(Model).ToString(), Does.Not.Contain("--cache"));

    [TestCase("plain")]
    [TestCase("two words")]
    [TestCase("#not a comment")]
    [TestCase("")]
    [TestCase(@"C:\folder\")]
    [TestCase(@"C:\a folder\")]
    [TestCase("it's")]
    [TestCase("tab\there")]
    public void An_argument_comes_back_as_it_was(string argument) =>
        Assert.That(Parse(new ToolArguments("inspect", argument).ToString()).Tokens.Select(token => token.Value),
            Is.EqualTo(new[] { "inspect", argument }));

    [TestCase("a\"b")]
    [TestCase("a\nb")]
    public void What_the_format_cannot_hold_is_refused(string argument) =>
        Assert.That(new ToolArguments(argument).ToString, Throws.ArgumentException);

    private static System.CommandLine.ParseResult Parse(string responseFile)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, responseFile);
            return CommandLine.Create(new ConsoleStreams(TextWriter.Null, TextWriter.Null)).Parse([$"@{file}"]);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
