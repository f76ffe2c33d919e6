using System.Text;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Lines of text files as samples, one file after the other.</summary>
internal sealed class TextSource(IReadOnlyList<string> files, TextForm form, int batch)
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private int Rows => (int)(form.FixedBatch ?? batch);

    /// <summary>How many samples there are: reads through all files.</summary>
    /// <exception cref="DiagnosticException">A file can't be read.</exception>
    public int Count() => Chunks().Count();

    /// <param name="isWanted">Takes a sample's place; those not wanted are not encoded.</param>
    /// <exception cref="DiagnosticException">A file can't be read, or there are too few lines for a run.</exception>
    public IEnumerable<Sample> Read(Predicate<int> isWanted)
    {
        var count = 0;
        foreach (var chunk in Chunks())
            if (isWanted(count++))
                yield return Sample(chunk);
        if (count == 0)
            throw new DiagnosticException(DiagnosticCatalog.DataMismatch, $"There are fewer than {Rows} lines of text", new SourceLocation(files[0]));
    }

    /// <summary>The lines of each sample. A fixed batch can't take what is left over.</summary>
    private IEnumerable<(string File, string Text)[]> Chunks() =>
        files.SelectMany(Lines).Chunk(Rows).Where(chunk => chunk.Length == Rows || form.FixedBatch is null);

    /// <summary>Those that hold more than space.</summary>
    private static IEnumerable<(string File, string Text)> Lines(string file)
    {
        using var reader = Unreadable.Guard(file, null, () => new StreamReader(file, s_strict));
        while (Next(file, reader) is { } line)
            if (!string.IsNullOrWhiteSpace(line))
                yield return (file, line);
    }

    private static string? Next(string file, StreamReader reader)
    {
        try
        {
            return Unreadable.Guard(file, null, reader.ReadLine);
        }
        catch (DecoderFallbackException)
        {
            throw Unreadable.Because(file, null, "it is not UTF-8; save it in this encoding");
        }
    }

    private Sample Sample((string File, string Text)[] chunk)
    {
        var tokens = chunk.Select(line => form.Encoder.Encode(line.Text, form.Length)).ToList();
        var length = form.FixedLength ?? (form.Pad ? form.Length : tokens.Max(ids => ids.Count));
        return new Sample(form.Inputs.ToDictionary(one => one.Input.Name, one => Tensor(one.Role, one.Input.Type!.ElementType, tokens, length)))
        {
            Source = chunk[0].File,
            Rows = chunk.Length,
        };
    }

    private Tensor Tensor(TokenRole role, DataType type, List<IReadOnlyList<int>> tokens, int length)
    {
        var values = tokens.SelectMany(ids => Enumerable.Range(0, length).Select(at => Value(role, ids, at)));
        long[] dimensions = [tokens.Count, length];
        return type == DataType.Int32
            ? Onnx.Tensor.Create(type, dimensions, values.ToArray())
            : Onnx.Tensor.Create(type, dimensions, values.Select(value => (long)value).ToArray());
    }

    private int Value(TokenRole role, IReadOnlyList<int> ids, int at) => role switch
    {
        TokenRole.Ids => at < ids.Count ? ids[at] : form.Encoder.Padding,
        TokenRole.Mask => at < ids.Count ? 1 : 0,
        TokenRole.Positions => at,
        _ => 0,
    };
}
