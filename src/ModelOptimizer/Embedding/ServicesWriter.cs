using static ModelOptimizer.Embedding.OrtTypes;

namespace ModelOptimizer.Embedding;

/// <summary>The class beside an accessor that registers its runner for dependency injection.</summary>
internal static class ServicesWriter
{
    private const string Root = "global::Microsoft.Extensions.DependencyInjection";

    /// <summary>The class's name beside that of the accessor.</summary>
    public static string ClassName(string accessor) => $"{accessor}Services";

    public static void Write(SourceWriter code, string accessor, bool nullable)
    {
        var runner = $"{CSharpNames.Escape(accessor)}.Runner";
        var configure = $"global::System.Action<{SessionOptions}>{(nullable ? "?" : "")} configure";
        code.Summary($"Registers <see cref=\"{runner}\"/> for dependency injection.");
        code.Line(AccessorGenerator.Attribute);
        code.Block($"internal static partial class {ClassName(accessor)}", () =>
        {
            code.Summary("Registers the model's runner as a singleton: made when first asked for, disposed of with the container.");
            code.Line("/// <param name=\"services\">The container's services.</param>");
            code.Line("/// <param name=\"configure\">Sets threads, execution providers and more.</param>");
            code.Block($"public static {Root}.IServiceCollection Add{accessor}(this {Root}.IServiceCollection services, {configure} = null)", () =>
                code.Line($"return {Root}.ServiceCollectionServiceExtensions.AddSingleton<{runner}>(services, _ => Create(configure));")).Line();
            code.Block($"private static {runner} Create({configure})", () =>
                code.Block($"using (var options = new {SessionOptions}())", () =>
                {
                    code.Line("configure?.Invoke(options);");
                    code.Line($"return new {runner}(options);");
                }));
        });
    }
}
