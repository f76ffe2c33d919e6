using System.Buffers;
using System.Text.Unicode;
using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Guesses from its bytes what a file that should be a model is instead.</summary>
internal static class NotAModel
{
    private const int HeadLength = 1024;

    /// <summary>White space and the marks of a byte order mark.</summary>
    private static readonly byte[] s_blanks = [0xEF, 0xBB, 0xBF, (byte)' ', (byte)'\t', (byte)'\r', (byte)'\n'];

    private static readonly SearchValues<byte> s_controls =
        SearchValues.Create([0, 1, 2, 3, 4, 5, 6, 7, 8, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 28, 29, 30, 31, 127]);

    public static InvalidModelException Explain(ReadOnlySpan<byte> bytes, string? path, InvalidProtocolBufferException? cause = null)
    {
        var head = bytes[..Math.Min(bytes.Length, HeadLength)];
        var (problem, message) = Guess(bytes, head, cause);
        return new InvalidModelException(problem, message, path, cause);
    }

    private static (ModelProblem Problem, string Message) Guess(
        ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> head, InvalidProtocolBufferException? cause)
    {
        if (head.StartsWith("version https://git-lfs"u8))
            return (ModelProblem.GitLfsPointer, "The file is a git-lfs pointer, not the model itself. Run 'git lfs pull' to fetch the model");
        if (IsText(head) && head.TrimStart(s_blanks).StartsWith("<"u8))
            return (ModelProblem.HtmlPage, "The file is a web page, not a model: the link leads to a page about it. Download the file itself");
        if (IsText(head))
            return (ModelProblem.TextFile, "The file is text, not an ONNX model. Name the binary .onnx file");
        if (IsTooDeep(cause))
            return (ModelProblem.TooDeep, "The model's graphs are nested too deeply to be read. Flatten its If and Loop bodies");
        if (IsCutOff(bytes, cause))
            return (ModelProblem.Truncated, "The file begins as an ONNX model but ends too early. Copy or download it again");
        return (ModelProblem.NotAModel, "The file is not an ONNX model. Export the model to ONNX and name that file");
    }

    /// <summary>UTF-8 without control characters; the last character may be cut.</summary>
    private static bool IsText(ReadOnlySpan<byte> head) =>
        !head.ContainsAny(s_controls) && (Utf8.IsValid(head) || (head.Length == HeadLength && Utf8.IsValid(head[..LastStart(head)])));

    /// <summary>Where the last character begins: no UTF-8 sequence continues there.</summary>
    private static int LastStart(ReadOnlySpan<byte> head) => Math.Max(0, head.LastIndexOfAnyExceptInRange<byte>(0x80, 0xBF));

    /// <summary>The library has no other way to tell this failure from the rest.</summary>
    private static bool IsTooDeep(InvalidProtocolBufferException? cause) =>
        cause?.Message.Contains("levels of nesting", StringComparison.Ordinal) ?? false;

    /// <summary>True when the bytes start with the version that every exporter writes first and go on as a model until they stop.</summary>
    private static bool IsCutOff(ReadOnlySpan<byte> bytes, InvalidProtocolBufferException? cause)
    {
        const byte IrVersionTag = ModelProto.IrVersionFieldNumber << 3;
        const int LargestOneByteVersion = 0x7F;
        return bytes.Length >= 2 && bytes[0] == IrVersionTag && bytes[1] is > 0 and <= LargestOneByteVersion 
            && (cause is null || WireScan.EndsInsideField(bytes));
    }
}
