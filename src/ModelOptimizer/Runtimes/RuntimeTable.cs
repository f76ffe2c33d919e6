using System.Globalization;

namespace ModelOptimizer.Runtimes;

/// <summary>What releases of ONNX Runtime load, as <c>onnxruntime.txt</c> tells it.</summary>
internal sealed class RuntimeTable
{
    private static readonly char[] Blanks = [' ', '\t'];

    private RuntimeTable(IReadOnlyList<RuntimeRelease> releases, IReadOnlyList<RuntimeOperator> operators)
    {
        Releases = releases;
        Operators = operators;
    }

    /// <summary>The table of the product.</summary>
    public static RuntimeTable Default { get; } = Load();

    /// <summary>In order of versions, oldest first.</summary>
    public IReadOnlyList<RuntimeRelease> Releases { get; }

    /// <summary>Operators and forms; a node may match several.</summary>
    public IReadOnlyList<RuntimeOperator> Operators { get; }

    /// <summary>The release that a version belongs to, or the last one before it; null for versions older than all.</summary>
    public RuntimeRelease? For(Version version) => Releases.LastOrDefault(release => release.Version <= version);

    /// <summary>True when the version is newer than all releases known: it loads at least what the last one does.</summary>
    public bool IsNewer(Version version) => new Version(version.Major, version.Minor) > Releases[^1].Version;

    /// <summary>The first release that loads what is asked for; null when none is known to.</summary>
    public Version? FirstWith(Func<RuntimeRelease, bool> loads) => Releases.FirstOrDefault(loads)?.Version;

    /// <summary>Reads lines <c>release VERSION OPSET ML IR SOURCE</c> and <c>operator DOMAIN.NAME [KEY=VALUE]… VERSION SOURCE</c>.</summary>
    /// <exception cref="FormatException">A line is neither, or releases are out of order.</exception>
    public static RuntimeTable Parse(TextReader text)
    {
        var releases = new List<RuntimeRelease>();
        var operators = new List<RuntimeOperator>();
        while (text.ReadLine() is { } line)
            switch (line.Split('#')[0].Split(Blanks, StringSplitOptions.RemoveEmptyEntries))
            {
                case []:
                    break;
                case ["release", var version, var opset, var ml, var ir, var source]:
                    releases.Add(new(Version.Parse(version), Number(opset), Number(ml), Number(ir), source));
                    break;
                case ["operator", var name, .. var form, var since, var source]:
                    operators.Add(Operator(name, form, since, source));
                    break;
                default:
                    throw new FormatException($"'{line}' is neither a release nor an operator");
            }
        if (releases.Zip(releases.Skip(1)).Any(pair => pair.First.Version >= pair.Second.Version))
            throw new FormatException("Releases must stand in the order of their versions");
        return new RuntimeTable(releases, operators);
    }

    private static RuntimeOperator Operator(string name, string[] form, string since, string source)
    {
        var dot = name.LastIndexOf('.');
        var parts = form.Select(part => part.Split('=')).Select(pair => KeyValuePair.Create(pair[0], pair[1]));
        return new(name[..dot], name[(dot + 1)..], [.. parts], Version.Parse(since), source);
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static RuntimeTable Load()
    {
        using var stream = typeof(RuntimeTable).Assembly.GetManifestResourceStream("ModelOptimizer.Runtimes.onnxruntime.txt")!;
        using var reader = new StreamReader(stream);
        return Parse(reader);
    }
}
