using System.Text;
using LanguageDetector;

Console.OutputEncoding = Encoding.UTF8;
var text = string.Join(' ', args);
if (text.Length == 0)
{
    Console.Error.WriteLine("Usage: LanguageDetector TEXT");
    return 2;
}

using var detector = new Detector();
foreach (var (language, probability) in detector.Detect(text).Take(3))
    Console.WriteLine($"{language}  {probability,6:P1}");
return 0;
