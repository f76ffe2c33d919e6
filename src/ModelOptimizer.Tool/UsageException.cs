namespace ModelOptimizer.Tool;

/// <summary>A command line that parses but makes no sense; the message says what to type instead.</summary>
internal sealed class UsageException(string message) : Exception(message);
