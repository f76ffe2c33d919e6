using static ModelOptimizer.Embedding.OrtTypes;
using static ModelOptimizer.Embedding.SourceWriter;

namespace ModelOptimizer.Embedding;

/// <summary>The part of an accessor that runs the model: one session, and a <c>Run</c> for each form in which inputs may be given.</summary>
internal sealed class RunnerWriter(SourceWriter code, ModelSignature signature, bool nullable)
{
    private const string Options = "What this run does otherwise than the session.";

    private readonly RunSignature _run = new(signature);
    private readonly string _optional = nullable ? "?" : "";

    public void Write()
    {
        code.Summary("Runs the model, from as many threads at once as there are. Making one takes time: keep it.");
        code.Block("public sealed class Runner : global::System.IDisposable", () =>
        {
            code.Line($"private readonly {RunOptions} _defaults = new {RunOptions}();").Line();
            WriteSession();
            WriteOverloads();
            code.Block($"private Result Execute(Feed feed, {RunOptions}{_optional} options)", () =>
                code.Line("return new Result(feed, Session.Run(options ?? _defaults, InputNames, feed.Values, OutputNames));")).Line();
            FeedWriter.Write(code, _run.Inputs);
        }).Line();
    }

    private void WriteSession()
    {
        code.Summary("Makes a session of the model.");
        code.Line("/// <param name=\"options\">Threads, execution providers and more; the caller disposes of them.</param>");
        code.Block($"public Runner({SessionOptions}{_optional} options = null)", () => code.Line("Session = CreateSession(options);")).Line();
        code.Summary("The session, for what <c>Run</c> has no parameter for: inputs with a default, single outputs, bound memory.");
        code.Line($"public {Session} Session {{ get; }}").Line();
        code.Block("public void Dispose()", () => code.Line("Session.Dispose();").Line("_defaults.Dispose();")).Line();
    }

    private void WriteOverloads()
    {
        WriteValues();
        var isTyped = _run.Inputs.Any(input => input.Element is not null);
        var hasMany = _run.Inputs.Any(input => input.IsMany);
        if (isTyped)
            WriteTyped(hasMany ? "arrays. Numbers are not copied, but pinned until the result is disposed of" : "numbers", asSpans: false);
        if (hasMany)
            WriteTyped("copies of spans", asSpans: true);
    }

    private void WriteValues()
    {
        code.Summary("Runs the model on values of ONNX Runtime, which stay the caller's.");
        foreach (var input in _run.Inputs)
            WriteParam(input, Describe(input.Entry));
        WriteParam("options", Options);
        WriteReturns();
        var parameters = _run.Inputs.Select(input => $"{Value} {CSharpNames.Escape(input.Name)}");
        var values = string.Join(", ", _run.Inputs.Select(input => CSharpNames.Escape(input.Name)));
        code.Block(Head(parameters), () => code.Line($"return Execute(new Feed({values}), options);")).Line();
    }

    private void WriteTyped(string form, bool asSpans)
    {
        code.Summary($"Runs the model on {form}.");
        foreach (var input in _run.Inputs)
            WriteParam(input, input.Element is null ? WhyOpaque(input.Entry.Type) : Describe(input.Entry));
        foreach (var length in _run.Lengths)
            WriteParam(length.Name, Xml(length.Meaning));
        WriteParam("options", Options);
        WriteReturns();
        code.Line("/// <exception cref=\"global::System.ArgumentException\">An input has more or fewer elements than its shape.</exception>");
        var parameters = _run.Inputs.Select(input => $"{Type(input, asSpans)} {CSharpNames.Escape(input.Name)}")
            .Concat(_run.Lengths.Select(length => $"{length.Type} {CSharpNames.Escape(length.Name)}"));
        code.Block(Head(parameters), () => WriteFeeding(asSpans)).Line();
    }

    private void WriteReturns() => code.Line("/// <returns>The outputs. Dispose of it once they are read: inputs stay in memory until then.</returns>");

    private void WriteFeeding(bool asSpans)
    {
        code.Line("var feed = new Feed();");
        code.Block("try", () =>
        {
            foreach (var input in _run.Inputs)
                code.Line($"feed.{Add(input, asSpans)};");
            code.Line("return Execute(feed, options);");
        });
        code.Block("catch", () => code.Line("feed.Dispose();").Line("throw;"));
    }

    private static string Add(RunInput input, bool asSpans)
    {
        var name = CSharpNames.Escape(input.Name);
        if (input.Element is null)
            return $"Add({name})";
        var elements = input.IsScalar ? $"new {input.Element}[] {{ {name} }}" : name;
        var type = asSpans && !input.IsScalar && !input.IsText ? $", {ElementType}.{input.Entry.Type!.ElementType}" : "";
        return $"Add({Literal(input.Entry.Name)}, {elements}{type}, {input.ShapeExpression})";
    }

    private static string Type(RunInput input, bool asSpans) => input.Element is null ? Value
        : input.IsScalar ? input.Element
        : asSpans ? $"global::System.ReadOnlySpan<{input.Element}>" : $"{input.Element}[]";

    private string Head(IEnumerable<string> parameters) =>
        $"public Result Run({string.Join(", ", parameters.Append($"{RunOptions}{_optional} options = null"))})";

    private void WriteParam(RunInput input, string text) => WriteParam(input.Name, $"<c>{Xml(input.Entry.Name)}</c>: {Xml(text)}.");

    private void WriteParam(string name, string text) => code.Line($"/// <param name=\"{name}\">{text}</param>");

    private static string Describe(SignatureEntry entry) => entry.Type?.ToString() ?? "not a plain tensor";
}
