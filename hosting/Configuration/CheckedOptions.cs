using Microsoft.Extensions.Options;

namespace Pbts.Hosting.Configuration;

/// <summary>Settings that are checked before the process does anything.</summary>
public static class CheckedOptions
{
    /// <summary>Reads a section and checks it at start, however many parts of the process ask for it.</summary>
    public static void AddChecked<TOptions, TValidator>(this IServiceCollection services, string section)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(service => service.ImplementationType == typeof(TValidator)))
            return;
        services.AddSingleton<IValidateOptions<TOptions>, TValidator>();
        services.AddOptions<TOptions>().BindConfiguration(section).ValidateOnStart();
    }
}
