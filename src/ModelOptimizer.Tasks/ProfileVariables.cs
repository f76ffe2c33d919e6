using System;
using System.Collections.Generic;

namespace ModelOptimizer.Tasks;

/// <summary>The property <c>ModelOptimizerProfileProperties</c>: <c>NAME=VALUE;…</c> for <c>${msbuild:NAME}</c> in profiles.</summary>
internal static class ProfileVariables
{
    /// <exception cref="ArgumentException">An entry is no assignment.</exception>
    public static IEnumerable<KeyValuePair<string, string>> Parse(IEnumerable<string> entries)
    {
        foreach (var entry in entries)
        {
            var equals = entry.IndexOf('=');
            var name = equals < 0 ? "" : entry.Substring(0, equals).Trim();
            if (name.Length == 0)
                throw new ArgumentException($"ModelOptimizerProfileProperties has the entry '{entry.Trim()}', which is not of the form NAME=VALUE. "
                    + "Write for instance ModelOptimizerProfileProperties=\"Config=$(Configuration)\"; entries are parted by semicolons");
            yield return new KeyValuePair<string, string>(name, entry.Substring(equals + 1).Trim());
        }
    }
}
