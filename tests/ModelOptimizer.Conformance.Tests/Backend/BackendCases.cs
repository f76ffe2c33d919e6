namespace ModelOptimizer.Conformance.Tests.Backend;

/// <summary>
/// Where the ONNX project's own test cases lie: one folder per case, with <c>model.onnx</c> and <c>test_data_set_N/</c>. Debian and its
/// children have them as <c>libonnx-testdata</c>.
/// </summary>
internal static class BackendCases
{
    private const string Variable = "MODEL_OPTIMIZER_BACKEND_TESTS";
    private const string Packaged = "/usr/share/libonnx-testdata/data";

    /// <summary>The folders as test cases; one case that says why it skips where there are none.</summary>
    public static IEnumerable<TestCaseData> All => Folders is [_, ..]
        ? Folders.Select(folder => new TestCaseData(folder).SetArgDisplayNames(Path.GetRelativePath(Root, folder)))
        : [new TestCaseData("").SetArgDisplayNames("no cases").Ignore($"No ONNX backend tests: install libonnx-testdata or set {Variable} to their folder")];

    /// <summary>All folders that hold a case, in order of their names.</summary>
    public static IReadOnlyList<string> Folders { get; } = Find();

    private static string Root => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : Packaged;

    private static string[] Find() => Directory.Exists(Root)
        ? [.. Directory.GetFiles(Root, "model.onnx", SearchOption.AllDirectories).Select(file => Path.GetDirectoryName(file)!).Order(StringComparer.Ordinal)]
        : [];
}
