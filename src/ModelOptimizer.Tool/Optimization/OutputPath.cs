namespace ModelOptimizer.Tool;

/// <summary>Decides which file <c>-o</c> means.</summary>
internal static class OutputPath
{
    /// <summary><c>-o</c> that ends in <c>.onnx</c> is the file, anything else a folder; without it the file goes here, under a name of its own.</summary>
    /// <exception cref="UsageException">The original would be overwritten.</exception>
    public static string For(string model, string? output)
    {
        var path = output switch
        {
            null => $"{Path.GetFileNameWithoutExtension(model)}.optimized.onnx",
            _ when output.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) => output,
            _ => Path.Combine(output, Path.GetFileName(model)),
        };
        if (Path.GetFullPath(path) == Path.GetFullPath(model))
            throw new UsageException($"{path} is the original, which is never overwritten; name another file or folder with -o");
        return path;
    }
}
