using System.CommandLine;

namespace ModelOptimizer.Tool;

/// <summary>Arguments and options that several commands share.</summary>
internal static class Arguments
{
    public static Argument<string> Model(string name = "MODEL", string description = "An ONNX file") => new(name) { Description = description };
}
